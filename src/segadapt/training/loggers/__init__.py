"""Where values go while a network trains."""
