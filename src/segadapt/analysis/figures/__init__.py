"""What networks learnt, drawn: planes, prototypes, panels, curves."""
