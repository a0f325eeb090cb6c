import shlex

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from segadapt.runs.overrides import quoted_override

VALUES = (
    *("runs/2026-11-21/04-58-40", "/data/a b", "/daten ü/é", "/a [b] c", "/a,b", "/a=b", "/it's"),
    *("~/x", "/{x}", "/a$b", "/a;b & c", '/say "a"', "/a(b)", "C:\\a\\", "/\\'", "null", "7"),
    *("feats", "street.zip", "a-b_c.1", "yes", "NULL", "inf", "e5", "1e5", "nano", "_", ".5", "~"),
)


@pytest.mark.parametrize("value", VALUES)
def test_what_is_typed_arrives_through_shell_and_hydra(value):
    (word,) = shlex.split(quoted_override("data.root", value))
    override = OverridesParser.create().parse_override(word)
    assert override.key_or_group == "data.root"
    assert override.value() == value


@pytest.mark.parametrize("value", VALUES)
def test_what_is_typed_arrives_through_shell_and_yaml(value):
    """The verbs that compose no config read values as YAML, with Hydra's quotes."""
    (word,) = shlex.split(quoted_override("run", value))
    if not word.startswith("run='"):
        assert yaml.safe_load(word.removeprefix("run=")) == value


def test_names_stay_as_they_are():
    assert quoted_override("data.root", "feats") == "data.root=feats"


def test_plain_paths_stay_as_they_are():
    assert quoted_override("run", "runs/2026-11-21/04-58-40") == "run=runs/2026-11-21/04-58-40"
