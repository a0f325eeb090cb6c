"""Figures of trained networks: embeddings, prototypes, panels and curves."""
