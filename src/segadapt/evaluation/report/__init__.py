"""What an evaluation leaves: table, JSON, page, plots, gallery."""
