"""Images and labels, in an order that is a function of the seed."""
