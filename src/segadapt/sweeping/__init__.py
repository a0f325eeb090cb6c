"""Several trainings as one: planned before the first, and gone on with after any interruption."""
