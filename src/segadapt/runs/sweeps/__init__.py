"""Many trainings: plan, search, table."""
