"""Images and labels that a trained network is given, from files or arrays."""
