"""Classes and functions of this package that the files of conf/ name."""

from functools import cache

import yaml

from segadapt.cli.places import CONF


@cache
def conf_targets():
    """Every ``_target_`` of ours, by dotted name."""
    files = [yaml.safe_load(file.read_text()) for file in sorted(CONF.rglob("*.yaml"))]
    return sorted(name for name in _targets(files) if name.startswith("segadapt."))


def _targets(node):
    match node:
        case dict():
            own = {str(node["_target_"])} if "_target_" in node else set()
            return own.union(*map(_targets, node.values()))
        case list():
            return set().union(*map(_targets, node))
    return set()
