"""The commands, one file each, and how they compose, help and answer."""
