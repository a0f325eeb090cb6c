"""What losses are built from."""
