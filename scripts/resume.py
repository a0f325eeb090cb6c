"""Entry point of a checkout: the same as ``segadapt resume``."""

from segadapt.cli.main import door

if __name__ == "__main__":
    door("resume")
