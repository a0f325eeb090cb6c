"""Evaluate a training: python scripts/evaluate.py run=RUN_FOLDER inference=multiscale."""

from segadapt.cli.hydra_command import evaluate

if __name__ == "__main__":
    evaluate()
