"""The wheel, installed elsewhere: ``segadapt`` alone trains and measures as a checkout does."""

import shlex
import signal
import subprocess
import time
import zipfile
from importlib.metadata import version

import pytest
from installed import DIGITS, ROOT, install

from segadapt.cli.main import VERBS

pytestmark = pytest.mark.slow

OWN = """\
# @package _global_
# An experiment of one's own.
defaults:
  - override /classifier: fixed
data:
  steps: 20
  eval_every: 20
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def trained(installed):
    """What a training of 20 steps prints."""
    steps = ("data.steps=20", "data.eval_every=10")
    return installed.run("segadapt", "train", *DIGITS, *steps, "hydra.run.dir=runs/cac")[0]


@pytest.fixture(scope="module")
def own(installed):
    """What one with a config of one's own prints, by the earlier name of the command."""
    place = installed.folder / "own" / "experiment"
    place.mkdir(parents=True)
    (place / "mine.yaml").write_text(OWN)
    # Digits are the default; typed beside an experiment, they would bring their own steps.
    words = [word for word in DIGITS if not word.startswith(("classifier=", "data="))]
    options = ("--config-dir", "own", "experiment=mine", "hydra.run.dir=runs/own")
    return installed.run("segadapt-train", *options, *words)


def test_the_wheel_holds_all_modules_configs_templates_and_the_plugin(installed):
    with zipfile.ZipFile(installed.wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    conf = {f"segadapt/conf/{file.relative_to(ROOT / 'conf')}" for file in files("conf", "yaml")}
    modules = {str(file.relative_to(ROOT / "src")) for file in files("src", "py")}
    parts = [file for ending in ("html", "css", "js") for file in files("src", ending)]
    templates = {str(file.relative_to(ROOT / "src")) for file in parts}
    assert "segadapt/text/page.html" in templates
    assert "hydra_plugins/segadapt_sweepers.py" in modules
    assert held == conf | modules | templates | {"segadapt/py.typed"}


def files(folder, ending):
    return (ROOT / folder).rglob(f"*.{ending}")


def test_the_installed_package_is_not_the_checkout(installed):
    code = "import segadapt, hydra_plugins; print(segadapt.__file__, *hydra_plugins.__path__)"
    out, _ = installed.run("python", "-c", code)
    assert str(installed.scripts.parent) in out
    assert str(ROOT) not in out


def test_it_names_its_verbs_and_its_version(installed):
    out, _ = installed.run("segadapt")
    assert all(f"  {verb} " in out for verb in VERBS)
    expected = f"segadapt {version('segadapt')}\n"
    assert installed.run("segadapt", "--version")[0] == expected
    assert installed.run("python", "-m", "segadapt", "--version")[0] == expected


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(installed, verb):
    out, err = installed.run("segadapt", verb, "--help", code=1 if verb == "benchmark" else 0)
    if verb == "benchmark":
        assert (
            err == "error: Benchmarks need a checkout of the repository; clone it and run there.\n"
        )
    else:
        assert out.startswith(f"usage: segadapt {verb} ")


def test_help_beside_overrides_shows_the_config(installed):
    out, _ = installed.run("segadapt", "train", "classifier=ssa", "--help")
    assert out.startswith("segadapt train KEY=VALUE")
    assert "SSAClassifier" in out


def test_it_lists_options_and_completes(installed):
    assert "classifier: cac, cac_aligned, cac_paper, dnc" in installed.run("segadapt", "options")[0]
    assert "SSA as released." in installed.run("segadapt", "options", "classifier")[0]
    assert "complete " in installed.run("segadapt", "completion", "bash")[0]


def test_a_training_is_evaluated_as_it_says(installed, trained):
    line = next(line for line in trained.splitlines() if line.startswith("evaluate it with: "))
    words = shlex.split(line.removeprefix("evaluate it with: "))
    assert words == ["segadapt", "evaluate", "run=runs/cac"]
    installed.run(*words)
    reports = installed.folder / "runs" / "cac" / "evaluation"
    assert {file.suffix for file in reports.iterdir()} == {".json", ".html", ".npz"}


def test_an_interrupted_training_is_resumed_as_it_says(installed):
    words = (*DIGITS, "data.steps=60", "data.eval_every=60", "checkpoint_every=2")
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = installed.start("segadapt", "train", *words, "hydra.run.dir=runs/long", **streams)
    last, begun = installed.folder / "runs/long/checkpoints/last.ckpt", time.monotonic()
    while not last.is_file():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < begun + 120
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM, out
    line = next(line for line in out.splitlines() if "resume with: " in line)
    again = shlex.split(line.partition("resume with: ")[2])
    assert again == ["segadapt", "resume", f"run={last.parents[1]}"]
    assert "Validation at step 60" in installed.run(*again)[0]
    rows = (last.parents[1] / "metrics.csv").read_text().splitlines()
    assert rows[-1].startswith("60,")


def test_a_config_of_ones_own_is_trained_by_the_earlier_name(installed, own):
    out, err = own
    assert err.startswith("segadapt-train is deprecated; type: segadapt train\n")
    assert "evaluate it with: segadapt evaluate run=runs/own" in out
    config = (installed.folder / "runs" / "own" / "config.yaml").read_text()
    assert "FixedClassifier" in config
    assert "max_steps: 20" in config


def test_trainings_are_compared_and_drawn(installed, trained, own):
    runs = ("runs/cac", "runs/own")
    installed.run("segadapt", "compare", *runs, "out=table.md")
    assert "mIoU" in (installed.folder / "table.md").read_text()
    installed.run("segadapt", "figures", "cac=runs/cac", "own=runs/own", "images=4", "out=drawn")
    own_figures = {file.name for file in (installed.folder / "runs/cac/figures").iterdir()}
    shared = {file.name for file in (installed.folder / "drawn").iterdir()}
    assert {"panels.png", "curves.png"} <= shared
    assert {"tsne.png", "boundaries.png"} <= own_figures
