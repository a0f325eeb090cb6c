"""Images to feature pyramids."""
