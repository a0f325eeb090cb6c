"""Cost of a network: parameters, multiply-adds and time."""
