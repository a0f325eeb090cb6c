"""The training loop, its checks, callbacks, loggers and optimisers."""
