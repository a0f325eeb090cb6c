"""What ``--help`` shows to choose from."""

import re

import pytest
from commands import command
from hydra import compose, initialize_config_dir

from segadapt.cli.evaluate import evaluate
from segadapt.cli.hydra_command import CONF
from segadapt.cli.option_help import list_options
from segadapt.cli.train import train

NAMES = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))


def expanded(text):
    """The experiments that a help text names, as a shell expands them."""
    block = re.search(r"^experiment:.*?(?=^\w)", text, re.M | re.S)[0]
    tables = re.findall(r"^    (\w+)\* \((\d+)\):\s+([^*]*)(?=^    \w|\Z)", block, re.M | re.S)
    for beginning, count, listed in tables:
        found = []
        for name in re.split(r",\s+", listed.strip()):
            stem, brace, lasts = name.partition("{")
            found += [stem + last for last in lasts.rstrip("}").split(",")] if brace else [name]
        assert len(found) == int(count)
        yield from (beginning + name for name in found)


@pytest.mark.parametrize("width", [80, 200])
def test_every_experiment_is_named_and_no_line_is_too_long(width):
    text = list_options(CONF, width)
    assert sorted(expanded(text)) == NAMES
    assert max(map(len, text.splitlines())) <= width


def test_every_group_that_is_chosen_from_has_its_line():
    text = list_options(CONF, 10_000)
    heads = [line.partition(":")[0] for line in text.splitlines() if not line.startswith(" ")]
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        choices = compose("train", return_hydra_config=True).hydra.runtime.choices
    chosen = {name.partition("@")[0] for name in choices if not name.startswith("hydra")}
    assert chosen - {"local"} <= set(heads)
    assert not [head for head in heads if head.startswith(("hydra", "experiment/"))]
    assert "trainer: auto, cpu, ddp, gpu" in text.splitlines()


def test_help_beside_overrides_shows_what_they_choose(tmp_path):
    words = ("data=camvid", "classifier=cac", "seed=3")
    answer = command(train, tmp_path, *words, "--help", COLUMNS="90")
    assert answer.code == 0, answer
    head, _, config = answer.out.partition("\noptimizer:\n")
    assert max(map(len, head.splitlines())) <= 90
    assert f"With {' '.join(words)}:" in head
    assert "loss=cac  model=tiny" in head  # brought along, and by default
    assert "Options of a group: python -m segadapt options GROUP" in head
    assert "classifier=cac: CAC as released." in head
    assert "  tau=15.0                        scale of the cosine scores" in head
    assert "  module.train.transform.crop=${data.crop}" in head
    assert "segadapt.classifiers.cac.CACClassifier" in config
    assert "\nseed: 3\n" in config


def test_other_commands_offer_only_their_own(tmp_path):
    answer = command(evaluate, tmp_path, "--help")
    assert answer.code == 0, answer
    assert answer.out.startswith("python scripts/evaluate.py run=RUN_FOLDER")
    assert "inference: multiscale, slide, slide_multiscale, whole" in answer.out
    assert "experiment" not in answer.out
