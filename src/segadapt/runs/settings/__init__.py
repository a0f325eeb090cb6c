"""What the settings of a command may be; nothing here imports torch.

``check.py`` compares each value of a composed config with its kind. The kinds come from the
annotations of what a node builds, read without importing it (``signatures.py``), and from the
tables of ``declared.py`` for keys that the commands read themselves. ``ranges.py`` says which
numbers and words make sense under a name, ``agreement.py`` which settings contradict each other,
``idle.py`` which have no effect.
"""
