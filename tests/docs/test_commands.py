"""Every command that the documentation prints has a verb, keys and values that exist."""

import importlib
import json
import re
import shlex
from itertools import dropwhile, takewhile
from pathlib import Path
from string import Template

import pytest
from benchmarks.harness.options import CONFIGS, parse
from compositions import composed
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob

from segadapt.cli import main, words
from segadapt.cli.composing import with_template_quoted
from segadapt.cli.groups import option_names
from segadapt.cli.hydra_command import CONF
from segadapt.cli.scaled_experiments import scale_experiment
from segadapt.cli.train import long_form
from segadapt.data.cached_features import CACHE
from segadapt.data.prepare.catalogue import RECIPES
from segadapt.runs.settings.check import check_command, unresolved
from segadapt.runs.settings.settle import settle
from segadapt.runs.settings.squares import square

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"^( *)```bash\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:segadapt|python|make) [^`\n]+)`")

COMPOSING = ("evaluate", "resume", "check-data", "cache-features")
SECTIONS = importlib.import_module("scripts.benchmark").SECTIONS
OTHERS = {"mv", "pip", "source", "hf", ".venv/bin/uv", "ssh", "gdal_translate"}
"""Programs that are not ours."""

NEW = {
    "classifier=x": "classifier=cac",
    "classifier=fixed,x": "classifier=cac",
    "data=x": "data=folder",
    "data=NAME": "data=camvid",
    "data.num_classes=K": "data.num_classes=3",
}
"""What a reader is about to add, and what takes its place here."""

LOOP = re.compile(r"^for .*; do (.*); done.*$", re.MULTILINE)
HERE = re.compile(r"^python - <<'EOF'\n.*?^EOF\n", re.DOTALL | re.MULTILINE)
VARIABLE = re.compile(r'(\w+)="(.*)"')
ENVIRONMENT = re.compile(r"[A-Z_]+=")
NO_COMMAND = re.compile(r"\b(VERB|GROUP|OPTION|KEY)\b|\.\.\.|^segadapt [A-Z-]")
"""Forms of commands, and the command alone."""


def commands(page):
    """Every command of a page once, as words."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    text = HERE.sub("", LOOP.sub(r"\1", text))
    lines = [line for block in BLOCK.finditer(text) for line in block[2].splitlines()]
    variables = {}
    found = {}
    for line in (*lines, *INLINE.findall(BLOCK.sub("", text))):
        if assignment := VARIABLE.fullmatch(line):
            variables[assignment[1]] = assignment[2]
        elif not NO_COMMAND.search(line):
            split = shlex.split(Template(line).safe_substitute(variables), comments=True)
            written = takewhile(lambda word: word[:1] != ">", split)
            found[tuple(dropwhile(ENVIRONMENT.match, written))] = None
    return [command for command in found if command]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what is read before a training: the facts of cached features, classes."""
    facts = {"classes": ["a", "b"], "palette": None, "channels": 3, "precision": "fp32"}
    facts |= {"crop": [4, 4], "names": {"train": ["x"], "val": ["y"]}, "source": {}}
    for name in ("FEATURES", "FOLDER"):
        (tmp_path / name).mkdir()
        (tmp_path / name / CACHE).write_text(json.dumps(facts))
    for name in ("DATA", "PATH"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "classes.txt").write_text("a\nb\nc\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_the_documentation_exists(page, monkeypatch):
    for command in commands(page):
        try:
            check(command, monkeypatch)
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{shlex.join(command)}: {error}") from error


def check(command, monkeypatch):
    program, *rest = command
    if program in ("srun", "exec") and "segadapt" in rest:
        check(rest[rest.index("segadapt") :], monkeypatch)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= {*targets}
    elif program == "python" and rest[0] == "train.py":
        check_verb("train", rest[1:], monkeypatch)
    elif program == "python":
        assert rest[:2] == ["-m", "segadapt"] or (ROOT / rest[0]).is_file()
    elif program == "segadapt" and rest:
        check_verb(rest[0], rest[1:], monkeypatch)
    else:
        assert program == "segadapt" or program in OTHERS


def check_verb(verb, given, monkeypatch):
    assert verb in main.VERBS
    given = [NEW.get(word, word) for word in given]
    if {*given} & {"--help", "--help=all", "--cfg"} or verb == "completion":
        return
    if verb == "train":
        check_training(given)
    elif verb in COMPOSING:
        check_config(verb, given)
    elif verb == "benchmark":
        assert (given and given[0] in SECTIONS) or parse(given, CONFIGS)
    elif verb == "options":
        group, _, option = given[0].partition("=") if given else ("", "", "")
        assert not option or option in option_names(CONF / group)
    else:
        options = read(verb, given, monkeypatch)
        if verb == "prepare-data":
            assert {*options["name"]} <= {*RECIPES, "NAME"}
        if verb == "convert":
            check_conversion(options)


def check_training(given):
    """Each value of a sweep once, in a config that passes every check before a training."""
    dashed = [word for word in given if word.startswith("-")]
    assert {*dashed} <= {"-m"}
    typed = [with_template_quoted(long_form(word)) for word in given if word not in dashed]
    typed, _ = scale_experiment(typed, CONF)
    lists = [each(word) for word in typed]
    for turn in range(max(map(len, lists), default=1)):
        chosen = [values[min(turn, len(values) - 1)] for values in lists]
        settle(composed(*chosen, "paths.run=run"))


def each(word):
    """An override for every value that a word of a sweep lists."""
    override = OverridesParser.create().parse_override(word)
    if not override.is_sweep_override():
        return [word]
    value = override.value()
    names = option_names(CONF / override.key_or_group)
    values = (
        value.filter(names)[:1] if isinstance(value, Glob) else override.sweep_string_iterator()
    )
    return [f"{override.get_key_element()}={value}" for value in values]


def check_config(verb, given):
    name = verb.replace("-", "_")
    config = composed(*given, name=name)
    square(config)
    check_command(unresolved(config), name)


def check_conversion(options):
    """The rest of its words are those of a training."""
    chosen = [f"{key}={options[key]}" for key in ("model", "classifier", "data") if options[key]]
    composed(*chosen, *(word for word in options["words"] if "=" in word))


class Read(BaseException):
    """The words of a verb were read."""


def read(verb, given, monkeypatch):
    """The options that a verb reads from its words, before it acts on them."""
    module = importlib.import_module(main.module(verb))

    def stop(*arguments, **more):
        raise Read(words.read_words(*arguments, **more))

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_words", stop)
        with pytest.raises(Read) as options:
            module.main(given)
    return options.value.args[0]


def test_a_command_that_does_not_exist_is_noticed(monkeypatch):
    for line in (
        "segadapt trian",
        "segadapt train clasifier=ssa",
        "segadapt train -m classifier=fixed,sssa",
        "segadapt train loss.class_weight=none loss.effective_beta=0.9",
        "segadapt evaluate run=RUN infernce=slide",
        "segadapt predict run=RUN image=FOLDER out=predictions",
        "segadapt prepare-data ade20 root=PATH",
        "segadapt benchmark speed_of_light",
        "segadapt options classifier=sssa",
        "python scripts/report.py",
        "make tests",
    ):
        with pytest.raises((Exception, SystemExit)):
            check(shlex.split(line), monkeypatch)
