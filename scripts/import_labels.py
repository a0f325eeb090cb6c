"""Entry point of a checkout: the same as ``segadapt import-labels``."""

from segadapt.cli.main import door

if __name__ == "__main__":
    door("import-labels")
