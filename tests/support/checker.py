"""Checks annotations while tests run; an int is a float, as in PEP 484 and in YAML."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
