"""What classifiers are built from."""
