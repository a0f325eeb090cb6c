"""Feature pyramids to pixel features."""
