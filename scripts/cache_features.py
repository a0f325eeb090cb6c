"""Keep a training's features: python scripts/cache_features.py run=RUN_FOLDER train=1000."""

from segadapt.cli.cache_features import cache_features

if __name__ == "__main__":
    cache_features()
