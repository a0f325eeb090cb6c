import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from segadapt.runs.overrides import quoted_override

VALUES = (
    *("runs/2026-11-21/04-58-40", "/data/a b", "/daten ü/é", "/a [b] c", "/a,b", "/a=b", "/it's"),
    *("~/x", "/{x}", "/a$b", "/a;b & c", '/say "a"', "/a(b)", "C:\\a\\", "/\\'", "null", "7"),
)


@pytest.mark.parametrize("value", VALUES)
def test_what_is_typed_arrives_through_shell_and_hydra(value):
    (word,) = shlex.split(quoted_override("data.root", value))
    override = OverridesParser.create().parse_override(word)
    assert override.key_or_group == "data.root"
    assert override.value() == value


def test_plain_paths_stay_as_they_are():
    assert quoted_override("run", "runs/2026-11-21/04-58-40") == "run=runs/2026-11-21/04-58-40"
