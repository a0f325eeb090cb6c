import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from segadapt.cli.composing import with_template_quoted


@pytest.mark.parametrize("rule", ["{name}.jpg", "{split}/{name} (1).png", "a'b/{name}.png"])
def test_rules_of_names_reach_hydra_as_text(rule):
    word = with_template_quoted(f"data.image={rule}")
    assert OverridesParser.create().parse_override(word).value() == rule


@pytest.mark.parametrize(
    "word", ["data.image=null", "data.image='{name}.jpg'", "data.split={val: 0.2}", "debug=fast"]
)
def test_other_words_stay(word):
    assert with_template_quoted(word) == word
