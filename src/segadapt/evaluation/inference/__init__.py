"""How an image becomes scores."""
