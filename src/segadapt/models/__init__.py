"""Images to pixel features."""
