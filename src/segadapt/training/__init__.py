"""The training loop, its checks and its surroundings."""
