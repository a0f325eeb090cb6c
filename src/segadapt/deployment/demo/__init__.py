"""A page on which trained networks are tried on photographs, side by side."""
