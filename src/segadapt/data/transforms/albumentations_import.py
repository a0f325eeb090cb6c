"""The import of albumentations, without its check for updates on the internet.

Importing it takes seconds, so only what augments imports this, and data sets that do not never pay.
"""

import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations

__all__ = ["albumentations"]
