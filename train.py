"""Train a segmentor: python train.py model=upernet_swin classifier=ssa data=ade20k."""

from segadapt.cli.train import train

if __name__ == "__main__":
    train()
