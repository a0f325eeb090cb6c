"""Check a data set before training: python scripts/check_data.py data=NAME splits=[train,val]."""

from segadapt.cli.hydra_command import check_data

if __name__ == "__main__":
    check_data()
