import io
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from rich.console import Console
from test_procedure import recipe

from segadapt.cli import prepare_data
from segadapt.data.prepare.catalogue import RECIPES

SCRIPT = Path(__file__).parents[3] / "scripts" / "prepare_data.py"


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=60)


def code(words, recipes, console):
    """The exit code; the interpreter prints a sentence that is one, and ends with 1."""
    try:
        prepare_data.run(words, recipes, console)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code
    return 0


def test_says_the_licence_and_what_to_do_next(server, console, tmp_path, capsys):
    recipes = {"ade20k": recipe("ade20k", server)}
    arguments = ["ade20k", f"root={tmp_path / 'a [b] ü'}"]
    assert code(arguments, recipes, console) == 0
    said = console.file.getvalue()
    assert "licence: images: non-commercial research" in said
    prepare_data = shlex.split(said.splitlines()[-1])
    override = OverridesParser.create().parse_override(prepare_data[-1])
    assert prepare_data[:3] == ["python", "train.py", "data=ade20k"]
    assert (override.key_or_group, override.value()) == ("data.root", f"{tmp_path}/a [b] ü")
    assert code(arguments, recipes, console) == 0
    assert "already complete" in console.file.getvalue()[len(said) :]
    assert capsys.readouterr().err == ""


def test_test_images_come_when_they_are_asked_for(server, console, tmp_path, capsys):
    both = recipe("ade20k_test", server)
    recipes = {"ade20k": both._replace(sources=both.sources[:1], test=both.sources[1:])}
    arguments = ["ade20k", f"root={tmp_path}"]
    assert code(arguments, recipes, console) == 0
    assert not (tmp_path / "images" / "testing").exists()
    assert code([*arguments, "test=true"], recipes, console) == 0
    assert len(list((tmp_path / "images" / "testing").iterdir())) == 2
    assert code(["voc2012", f"root={tmp_path}", "test=true"], RECIPES, console) == 1
    assert "no test images in a file of their own; omit test=true" in capsys.readouterr().err


def test_errors_are_one_sentence_and_a_code(server, console, tmp_path, capsys):
    cooked = recipe("ade20k", server)
    server.files.clear()
    assert code(["ade20k", f"root={tmp_path}"], {"ade20k": cooked}, console) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ADEChallengeData2016.zip cannot be downloaded now (http://127")
    assert error.count("\n") == 1


def test_a_home_folder_is_found_behind_an_equals_sign(server, console, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert code(["ade20k", "root=~/data"], {"ade20k": recipe("ade20k", server)}, console) == 0
    assert [place.name for place in tmp_path.iterdir()] == ["data"]


def test_errors_of_the_system_name_their_file(server, console, tmp_path, capsys):
    (tmp_path / "file").touch()
    arguments = ["ade20k", f"root={tmp_path / 'file'}"]
    assert code(arguments, {"ade20k": recipe("ade20k", server)}, console) == 1
    assert capsys.readouterr().err == f"error: {tmp_path}/file/downloads: Not a directory\n"


def test_ctrl_c_says_how_to_go_on(console, tmp_path, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare_data, "prepare", stop)
    assert code(["ade20k", f"root={tmp_path}"], RECIPES, console) == 130
    assert "run the same command again to continue" in capsys.readouterr().err


def test_options_of_the_last_version_work_with_a_note(server, console, tmp_path, capsys):
    recipes = {"ade20k": recipe("ade20k", server)}
    assert code(["ade20k", "--root", str(tmp_path)], recipes, console) == 0
    assert capsys.readouterr().err == f"note: --root is deprecated; write root={tmp_path}\n"


def test_unknown_names_get_the_nearest(tmp_path):
    called = subprocess.run(
        [sys.executable, SCRIPT, "ade20", f"root={tmp_path}"], capture_output=True, text=True
    )
    assert called.returncode == 1
    assert called.stderr.startswith("error: Unknown data set 'ade20'. Did you mean 'ade20k'?")
    assert called.stderr.count("\n") == 1
    assert not called.stdout


def test_starts_without_the_heavy_libraries():
    program = (
        "import sys, runpy; sys.argv = ['x', '--help']\n"
        f"try: runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
        "except SystemExit: print(*({'torch', 'hydra', 'lightning'} & set(sys.modules)))"
    )
    called = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert called.returncode == 0
    assert called.stdout.splitlines()[-1] == ""
    assert "cityscapes" in called.stdout
