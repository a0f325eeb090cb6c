"""Finished runs looked at: compared, drawn, counted."""
