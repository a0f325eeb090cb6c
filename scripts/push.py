"""Entry point of a checkout: the same as ``segadapt push``."""

from segadapt.cli.main import door

if __name__ == "__main__":
    door("push")
