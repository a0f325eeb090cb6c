"""Deployment of trained networks: loading, prediction, export and sharing."""
