"""Comparison of finished runs: intervals, tables, the papers' numbers."""
