"""Feature generators: from images to pixel features."""
