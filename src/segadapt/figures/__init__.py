"""Figures of trained networks, from their run folders (CAC Figs. 1, 4, 6, 7; SSA Figs. 1, 3, 4)."""
