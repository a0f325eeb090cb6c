"""Label files of annotation tools, imported as ordinary folder data sets."""
