"""Settings of sweeps are checked by their ranges."""

import re

import pytest
from omegaconf import OmegaConf

from segadapt.cli.hydra_command import CONF
from segadapt.runs.settings.check import check_sweeper, unresolved

FOLDER = CONF / "hydra" / "sweeper"


def node(name, **changes):
    plain = unresolved(OmegaConf.load(FOLDER / f"{name}.yaml"))
    return {key: value for key, value in {**plain, **changes}.items() if value != "removed"}


@pytest.mark.parametrize("name", [file.stem for file in FOLDER.glob("*.yaml")])
def test_what_the_files_say_passes(name):
    check_sweeper(node(name))
    check_sweeper(node(name, params={"classifier.tau": "5,10", "seed": "range(3)"}, retries=0))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("grid", {"retries": -1}, "hydra.sweeper.retries=-1; it must be an integer from 0"),
        ("grid", {"retries": "one"}, "hydra.sweeper.retries=one; it must be an integer from"),
        ("grid", {"retries": "removed"}, "hydra.sweeper.retries is missing; give"),
        ("grid", {"retry": 2}, "Nothing reads hydra.sweeper.retry; remove it. Did you mean"),
        ("grid", {"params": 5}, "hydra.sweeper.params=5; it must be a table"),
        ("grid", {"trials": 5}, "Nothing reads hydra.sweeper.trials"),
        ("search", {"trials": 0}, "hydra.sweeper.trials=0; it must be an integer >= 1"),
        ("search", {"at_once": 0}, "hydra.sweeper.at_once=0; it must be"),
        ("search", {"startup": 1.5}, "hydra.sweeper.startup=1.5; it must be"),
        ("search", {"seed": -1}, "hydra.sweeper.seed=-1; it must be"),
        ("search", {"direction": "up"}, "hydra.sweeper.direction=up; it must be one of maximize"),
    ],
)
def test_what_they_do_not_take_is_refused(name, changes, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        check_sweeper(node(name, **changes))
