"""Analysis of finished runs: comparison, figures and cost."""
