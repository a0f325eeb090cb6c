"""Trained networks read from runs, bundles and the Hugging Face hub."""
