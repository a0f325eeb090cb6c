"""Text of people and for people: read, and spelled for each place where it is shown."""
