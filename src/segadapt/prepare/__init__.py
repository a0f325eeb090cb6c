"""From the addresses of the published data sets to folders that the readers take.

Nothing here knows a reader or a training; what a data set consists of is said in ``catalogue.py``.
"""
