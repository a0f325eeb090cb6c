from pathlib import Path

import pytest

from segadapt.cli.main import VERBS
from segadapt.text.invocation import NO_SCRIPT, as_called, command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("called", "verb", "expected"),
    [
        ("/usr/bin/segadapt", "check-data", "segadapt check-data"),
        ("/usr/bin/segadapt-train", "evaluate", "segadapt evaluate"),
        ("/Scripts/segadapt.exe", "evaluate", "segadapt evaluate"),
        ("/site/segadapt/__main__.py", "resume", "python -m segadapt resume"),
        ("train.py", "evaluate", "python scripts/evaluate.py"),
        ("train.py", "options", "python -m segadapt options"),
        ("scripts/compare.py", "train", "python train.py"),
        ("/site/pytest/__main__.py", "check-data", "python scripts/check_data.py"),
        ("", "convert", "python scripts/convert_mmseg.py"),
    ],
)
def test_further_commands_have_the_form_in_which_we_were_called(
    called, verb, expected, monkeypatch
):
    monkeypatch.setattr("sys.argv", [called])
    assert command(verb) == expected


def test_ranks_speak_as_the_process_that_started_them(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/site/segadapt/cli/rank.py"])
    monkeypatch.setenv("SEGADAPT_CALLED", "/usr/bin/segadapt")
    assert command("evaluate") == "segadapt evaluate"


def test_a_checkout_has_a_door_for_every_other_verb(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py"])
    doors = {verb: ROOT / command(verb).split()[-1] for verb in VERBS if verb not in NO_SCRIPT}
    assert [verb for verb, door in doors.items() if not door.is_file()] == []
    assert set(NO_SCRIPT) <= set(VERBS)


def test_texts_have_the_form_in_which_we_were_called(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py"])
    text = "segadapt train -m seed=0,1\nsegadapt check-data data=x; a segadapt.py"
    assert as_called(text) == (
        "python train.py -m seed=0,1\npython scripts/check_data.py data=x; a segadapt.py"
    )
