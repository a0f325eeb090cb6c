"""Entry point of a checkout: the same as ``segadapt check-data``."""

from segadapt.cli.main import door

if __name__ == "__main__":
    door("check-data")
