"""Sweeps of many trainings: plan, search, execution and table."""
