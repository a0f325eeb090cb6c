"""Losses: from predictions and labels to scalars."""
