"""Finished trainings side by side: arms, seeds, intervals, the papers' numbers, figures."""
