"""Train a segmentor: python train.py model=upernet_swin classifier=ssa data=ade20k."""

from segadapt.cli.main import door

if __name__ == "__main__":
    door("train")
