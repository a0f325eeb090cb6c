"""Side effects of training: what is shown, measured, drawn and kept."""
