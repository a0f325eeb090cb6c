"""Checks of the settings of a command; nothing here imports torch.

``check.py`` compares each value of a composed config with its kind. The kinds come from the
annotations of the classes that a node builds, read without importing them (``signatures.py``), and
from the tables of ``declared.py`` for keys that the commands read themselves. ``ranges.py`` lists
the valid numbers and words of a key, ``agreement.py`` finds settings that contradict each other,
and ``idle.py`` those without effect.
"""
