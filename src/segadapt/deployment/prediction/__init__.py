"""A trained network in Python: ``segadapt.load``, ``Model`` and ``Result``."""
