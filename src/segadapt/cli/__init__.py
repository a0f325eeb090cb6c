"""The commands, one file each, with their config composition, help and errors."""
