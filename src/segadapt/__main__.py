"""``python -m segadapt VERB``."""

import sys

from segadapt.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
