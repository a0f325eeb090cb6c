"""The one command: verbs, their help, what is unknown."""

import importlib
import inspect
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segadapt.cli.completion import candidates
from segadapt.cli.completion import main as completion
from segadapt.cli.groups import groups
from segadapt.cli.key_table import keys
from segadapt.cli.main import VERBS, deprecated_train, main, module
from segadapt.cli.options import main as options
from segadapt.cli.places import CONF
from segadapt.cli.verb_help import EXAMPLES, verb_help

LONGER = ("train", "evaluate", "check-data", "cache-features", "resume", "benchmark")
"""Verbs that need Hydra or a checkout, whose errors have tests of their own."""


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_a_file_with_a_main_of_its_words(verb):
    assert list(inspect.signature(importlib.import_module(module(verb)).main).parameters) == [
        "words"
    ]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_of_a_config_explains_every_key(verb):
    file = CONF / f"{verb.replace('-', '_')}.yaml"
    unexplained = [key.name for key in keys(file) if not key.meaning] if file.exists() else []
    assert unexplained == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in LONGER])
def test_a_wrong_word_is_one_sentence(verb, capsys):
    try:
        code = main([verb, "no_such_key=1"])
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr().err or code
    assert code not in (0, None)
    assert said.startswith("error: ")


@pytest.mark.parametrize("words", [["options", "experiment"], ["completion", "bash"]])
def test_a_reader_that_leaves_is_no_error(words):
    """``segadapt options | head -0``."""
    command = [sys.executable, "-m", "segadapt", *words]
    answer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    answer.stdout.close()
    assert (answer.wait(), answer.stderr.read()) == (128 + signal.SIGPIPE, "")
    answer.stderr.close()


def test_the_earlier_name_of_train_says_so(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["segadapt-train", "--help"])
    with pytest.raises(SystemExit) as end:
        deprecated_train()
    assert end.value.code == 0
    said = capsys.readouterr()
    assert said.err == "segadapt-train is deprecated; type: segadapt train\n"
    assert "segadapt options classifier" in said.out


def test_no_verb_lists_all_of_them(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(f"  {verb} " in out and line in out for verb, line in VERBS.items())


def test_the_list_imports_no_library():
    code = (
        "import sys; from segadapt.cli.main import main; main([])\n"
        "print({'hydra', 'omegaconf', 'rich', 'torch', 'yaml'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "set()"


def test_unknown_verbs_get_the_nearest_and_code_2(capsys):
    assert main(["evalute", "run=x"]) == 2
    assert "Unknown verb 'evalute'. Did you mean 'evaluate'?" in capsys.readouterr().err
    assert main(["run=x"]) == 2
    assert "A verb comes first" in capsys.readouterr().err


def test_help_names_keys_defaults_and_meanings(capsys):
    assert main(["compare", "--help"]) == 0
    out = capsys.readouterr().out
    assert "baseline=null" in out
    assert "arm to compare against" in out


def test_train_tells_how_options_are_listed(monkeypatch):
    monkeypatch.setattr("sys.argv", ["segadapt"])
    text = verb_help("train")
    assert "segadapt options classifier" in text
    assert "segadapt options experiment" in text
    assert len(text.splitlines()) <= 22


def test_the_whole_help_of_train_has_every_key_and_group(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["segadapt"])
    assert main(["train", "--help=all"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {key.name}=" in text for key in keys(CONF / "train.yaml"))
    assert all(f"\n  {group}: " in text for group in groups(CONF))


@pytest.mark.parametrize("verb", ["train", "evaluate", "compare"])
def test_unknown_ways_to_ask_for_help_name_the_known(verb, capsys):
    assert main([verb, "--help=al"]) == 2
    assert (
        "Unknown option '--help=al'. Available: -h, --help, --help=all." in capsys.readouterr().err
    )


def test_help_keeps_the_capitals_of_names():
    assert "Hugging Face hub." in verb_help("push")
    assert "options [GROUP[=OPTION]]\n" in verb_help("options")


@pytest.mark.parametrize("verb", EXAMPLES)
def test_examples_have_verbs_and_keys_that_exist(verb):
    assert len(EXAMPLES[verb]) in (1, 3)
    for example in EXAMPLES[verb]:
        name, verb_of_example, *words = shlex.split(example)
        assert (name, verb_of_example in VERBS) == ("segadapt", True)
        file = CONF / f"{verb_of_example.replace('-', '_')}.yaml"
        known = {key.name for key in keys(file)} if file.exists() else set()
        for word in words:
            key, equals, value = word.partition("=")
            group = CONF / key
            if equals and group.is_dir():
                assert all((group / f"{option}.yaml").is_file() for option in value.split(","))
            elif equals and verb_of_example in ("evaluate", "compare", "resume", "check-data"):
                assert key in known or key == "data.root"


def test_groups_options_and_keys_are_listed(capsys):
    assert options([]) == 0
    assert "classifier: cac, cac_aligned, cac_paper, dnc" in capsys.readouterr().out
    assert options(["classifier"]) == 0
    assert "ssa          SSA as released." in capsys.readouterr().out
    assert options(["classifier=ssa"]) == 0
    assert "position=conditional" in capsys.readouterr().out
    assert options(["classifer"]) == 2
    assert "Did you mean 'classifier'?" in capsys.readouterr().err
    assert options(["classifier", "model"]) == 2
    assert "Name one group at a time" in capsys.readouterr().err
    assert options(["classifier=sssa"]) == 2
    assert "Did you mean 'ssa'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("segadapt ev", ["evaluate"]),
        ("segadapt train classif", ["classifier="]),
        (
            "segadapt train classifier=c",
            ["classifier=cac", "classifier=cac_aligned", "classifier=cac_paper"],
        ),
        ("segadapt compare base", ["baseline="]),
        ("segadapt options inf", ["inference"]),
        ("segadapt completion ", ["bash", "zsh", "fish"]),
        ("segadapt train -m data=digits,camv", ["data=digits,camvid"]),
    ],
)
def test_candidates_complete_verbs_keys_and_options(line, expected):
    assert candidates(line) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell, capsys):
    assert completion([shell]) == 0
    assert "segadapt completion candidates" in capsys.readouterr().out


def test_bash_completes(tmp_path):
    """With a stand-in for the installed command, since the package may be elsewhere on the path."""
    stand_in = tmp_path / "segadapt"
    stand_in.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m segadapt "$@"\n', encoding="utf-8"
    )
    stand_in.chmod(0o755)
    script = (
        f"PATH={tmp_path}:$PATH\n"
        'eval "$(segadapt completion bash)"\n'
        'COMP_LINE="segadapt train classifier=ssa_"; COMP_POINT=${#COMP_LINE}\n'
        '_segadapt; echo "${COMPREPLY[@]}"'
    )
    answer = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PATH": "/usr/bin:/bin"},
    )
    assert answer.stdout.split() == ["ssa_aligned", "ssa_paper"], answer.stderr
