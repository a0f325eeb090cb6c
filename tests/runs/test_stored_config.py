"""The config of a run folder: one way in, looked at first, asked for what it does not keep."""

import ast
import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

import segadapt
from segadapt.runs.reader import check_run_folder
from segadapt.runs.stored_config import complete_config, read_config, read_overrides, stored_config
from segadapt.runs.trust import check, trusting

SOURCE = Path(segadapt.__file__).parent


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "config.yaml").write_text(text)
        (tmp_path / "run.json").write_text('{"state": "running"}')
        return tmp_path

    return write


def test_paths_are_those_of_the_folder_where_it_lies_now(write):
    folder = write("paths: {run: /old/run, data: /old}\na: [/old/run/panels, /old/running]\n")
    assert stored_config(folder) == {
        "paths": {"run": str(folder), "data": "/old"},
        "a": [f"{folder}/panels", "/old/running"],
    }


@pytest.mark.parametrize("run", ["''", "/", "..", "null", "3", "[a]"])
def test_a_run_that_was_nowhere_is_refused(write, run):
    with pytest.raises(ValueError, match=r"config\.yaml: paths\.run='.*' is not the folder of"):
        stored_config(write(f"paths: {{run: {run}}}\n"))


def test_no_resolver_runs_for_a_config_that_is_not_trusted(write, monkeypatch):
    monkeypatch.setenv("CANARY", "s3cr3t")
    folder = write("a: '${oc.env:CANARY}/b'\nc: '${oc.env:CANARY,${oc.env:HOME}}'\n")
    config = read_config(folder, check)
    assert OmegaConf.to_container(config, resolve=True) == {"a": "$CANARY/b", "c": "$CANARY"}
    again = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    assert again.a == "$CANARY/b"  # and never will
    assert read_config(folder, trusting).a == "s3cr3t/b"


@pytest.mark.parametrize(
    "text", ["${oc.env}", "${oc.decode:a}", "${hydra:x}", "${cached:/x,crop}", "${b}", "${.b}"]
)
def test_every_other_interpolation_is_refused(write, text):
    with pytest.raises(
        ValueError, match=r"config\.yaml: refusing to build from the run's config: a="
    ):
        read_config(write(f"a: '{text}'\nb: 1\n"))


def test_a_training_asks_for_its_secrets_by_name(write):
    folder = write("pw: <hidden pw>\nroot: 'https://<hidden root>@host'\nval: 'x<hidden pw>'\n")
    with pytest.raises(ValueError, match=r"does not keep pw, root, .* '\+pw=VALUE' '\+root=VALUE'"):
        complete_config(folder, check, {}, [])
    config = complete_config(folder, check, {"pw": 12, "root": "https://a:b@host"}, [])
    assert (config.pw, config.root, config.val) == (12, "https://a:b@host", "x12")


def test_a_training_asks_for_the_environment_by_name(write, monkeypatch):
    monkeypatch.setenv("CANARY", "s3cr3t")
    folder = write("a: ${oc.env:CANARY}\n")
    with pytest.raises(ValueError, match=r"takes a from .* variable CANARY; .* env=\[CANARY\]"):
        complete_config(folder, check, {}, [])
    assert complete_config(folder, check, {}, ["CANARY"]).a == "s3cr3t"
    assert complete_config(folder, trusting, {}, []).a == "s3cr3t"


def test_nothing_else_of_a_run_may_be_changed(write):
    folder = write("pw: <hidden pw>\nseed: 1\n")
    with pytest.raises(ValueError, match=r"seed=\.\.\. would change the run.*only pw can be set"):
        complete_config(folder, check, {"pw": "x", "seed": 2}, [])


def test_overrides_are_a_list_or_nothing(tmp_path):
    assert read_overrides(tmp_path) is None
    (tmp_path / "overrides.yaml").write_text("a: 1\n")
    with pytest.raises(ValueError, match=r"overrides\.yaml holds a mapping where a list"):
        read_overrides(tmp_path)


@pytest.mark.parametrize("name", ["evaluation", "panels", "wandb", "metrics.csv", ".lock"])
def test_a_link_that_leads_out_is_not_written_through(write, tmp_path_factory, name):
    folder, elsewhere = write("a: 1\n"), tmp_path_factory.mktemp("elsewhere")
    (folder / name).symlink_to(elsewhere / "target")
    with pytest.raises(ValueError, match=rf"{re.escape(name)} is a link to .*trust_config=true"):
        check_run_folder(folder, check)
    check_run_folder(folder, trusting)


def test_links_within_a_run_folder_are_its_own(write, tmp_path):
    folder = write("a: 1\n")
    (folder / "best.ckpt").symlink_to(folder / "last.ckpt")
    (folder / "wandb").mkdir()
    (folder / "wandb" / "latest-run").symlink_to("/gone")  # as W&B leaves them in a moved folder
    check_run_folder(folder, check)


READERS = {
    "load": [
        "bounded.py",
        "inference_choice.py",
        "scaled_experiments.py",
    ],  # but for the first: conf/
    "parse": ["bounded.py"],
    "safe_load": ["predict.py", "words.py"],  # a word of the command line, our own conf/
    "compose": ["key_table.py", "nodes.py"],
    "full_load": [],
    "unsafe_load": [],
}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func)


def test_nothing_else_reads_yaml():
    found = {}
    for file in SOURCE.rglob("*.py"):
        for call in calls(ast.parse(file.read_text())):
            owner, _, name = call.rpartition(".")
            if owner in ("yaml", "OmegaConf") and name in READERS:
                found.setdefault(name, set()).add(file.name)
    assert found == {name: set(files) for name, files in READERS.items() if files}


def test_nothing_else_reads_json_of_a_run_folder():
    found = {
        file.name
        for file in SOURCE.rglob("*.py")
        for call in calls(ast.parse(file.read_text()))
        if call in ("json.loads", "json.load")
    }
    elsewhere = {
        "download.py",  # its own progress
        "ledger.py",  # what it has just written into a text itself
        "quick_check.py",  # marks in the user's cache
        "journal.py",  # Optuna's study, bounded and line by line
        "pascal_context.py",  # a data set's labels, known by their digest
    }
    assert found == {"bounded.py", *elsewhere}
