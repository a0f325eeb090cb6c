"""Predictions of many images, written to files: ``segadapt predict`` and submissions."""
