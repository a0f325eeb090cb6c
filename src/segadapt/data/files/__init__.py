"""Image and label files: pairs, headers, decoding."""
