"""Evaluate a training: python scripts/evaluate.py run=RUN_FOLDER inference=multiscale."""

from segadapt.cli.evaluate import evaluate

if __name__ == "__main__":
    evaluate()
