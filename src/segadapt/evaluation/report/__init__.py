"""Reports of an evaluation: table, JSON, page, plots and gallery."""
