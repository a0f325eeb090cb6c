"""Run folders: the files and processes of one training."""
