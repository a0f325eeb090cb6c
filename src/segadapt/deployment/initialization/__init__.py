"""``init``: a training starts from the weights of another."""
