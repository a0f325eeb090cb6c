"""Arms of finished runs compared: intervals, tables, the papers' numbers."""
