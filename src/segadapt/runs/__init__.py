"""One training on disk and in its processes."""
