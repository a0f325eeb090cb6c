"""One data set of hostile names goes through every command, which ends well and shows the names."""

import csv
import io
import json
import os
import re
import shlex
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from compositions import composed
from rich.console import Console
from runs import fork, wait
from written import blocks, picture, write

from segadapt import experiment
from segadapt.analysis.comparison.compare_runs import compare_runs
from segadapt.analysis.figures.draw import DrawOptions, draw_figures
from segadapt.data.checks.check_dataset import check as check_data
from segadapt.evaluation.cache_features import cache
from segadapt.evaluation.evaluate import evaluate
from segadapt.runs import session
from segadapt.runs.overrides import quoted_override
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check
from segadapt.text.borders import csv_cell, html_text, printable

CLASSES = (
    *("[void]", "lane [/] kerb", "[/b]", "=1+1", "-x", "@SUM(A1)", "$x$ %", "ä\x1b[31m", "_hidden"),
    *(
        ":smile:",
        "a|b <i>&\"'",
        "x" * 200,
        "y" + "x" * 199,
        "道路",
        "no",
        "a\\b_c^d~{}#",
        "%d {task}",
    ),
)
FILES = (
    *("a [/b].png", "\x1b[31m.png", "x" * 200 + ".png", "=1+1.png", "-rf.png", " lead.png"),
    *("ä ö 道.png", "$x$ %s {}.png", os.fsdecode(b"stra\xdfe.png")),
)
SMALL = (
    *("data=folder", "model=tiny_group", "classifier=ssa", "trainer=cpu", "logger=none"),
    *("data.num_workers=0", "data.steps=1", "data.eval_every=1", "data.batch_size=2"),
    *("data.crop=[32,32]", "data.scale=[48,32]", "data.pretrained=false"),
    *(
        "trainer.log_every_n_steps=1",
        "data.allow=[shared_files]",
        f"data.num_classes={len(CLASSES)}",
    ),
)
SHOWN = [printable(name.strip()) for name in CLASSES]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets") / os.fsdecode(b"s\xdft [red]x[b] $a$ =1")
    for split in ("train", "val"):
        for seed, name in enumerate(FILES):
            write(root / split / "images" / name, picture(32, 48, seed))
            write(root / split / "labels" / name, blocks(32, 48, len(CLASSES), seed))
    text = "".join(f"{name}\r\n" for name in CLASSES)
    (root / "classes.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    return root


def words(root):
    return (*SMALL, *shlex.split(quoted_override("data.root", root)))


@pytest.fixture(scope="module")
def trained(root, tmp_path_factory):
    """A finished training, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "läuf [b] $y$ =2"
    cfg = composed(*words(root))
    cfg.paths.run = str(folder)
    return folder, printed(lambda: session.start(cfg, list(words(root)), experiment.fit), folder)


def printed(action, folder: Path) -> str:
    """Act in a child process; what it printed."""
    out = folder.parent / "out.txt"

    def act():
        with out.open("w", encoding="utf-8") as file, redirect_stdout(file):  # strict
            action()

    assert wait(fork(act)) == 0, out.read_text()
    return out.read_text("utf-8")


def unfolded(text: str) -> str:
    """Tables with the lines of folded cells joined, as far as names go that have no blanks."""
    return re.sub(r"\s+", "", text)


def shows_classes(text: str) -> bool:
    assert "\x1b[31m" not in text
    bare = unfolded(text)
    return all(unfolded(name)[:20] in bare for name in SHOWN)


def test_training_ends_well_and_shows_the_names(trained):
    folder, said = trained
    state = json.loads((folder / "run.json").read_text())
    assert state["state"] == "finished"
    assert {f"val/iou/{name}" for name in SHOWN} <= state["metrics"].keys()
    header, *_ = csv.reader(io.StringIO((folder / "metrics.csv").read_text("utf-8")))
    assert {f"val/iou/{name}" for name in SHOWN} <= set(header)
    assert shows_classes(said)
    assert list((folder / "panels").glob("*.png"))


def test_resuming_ends_well(trained, tmp_path):
    folder = shutil.copytree(trained[0], tmp_path / "[b] =3")
    state = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**state, "state": "running", "metrics": {}}))
    said = printed(lambda: session.resume(folder, check, experiment.fit), folder)
    assert json.loads((folder / "run.json").read_text())["state"] == "finished"
    assert shows_classes(said)


def test_evaluation_shows_the_names_in_table_page_and_json(trained):
    folder, out = trained[0], io.StringIO()
    cfg = composed(
        *shlex.split(quoted_override("run", folder)), "device=cpu", "gallery=2", name="evaluate"
    )
    found = read_run(cfg.run, cfg.checkpoint, check)
    file = evaluate(cfg, found, Console(file=out, width=100))
    assert shows_classes(out.getvalue())
    content = json.loads(file.read_text())
    assert [one["name"] for one in content["results"]["student"]["classes"]] == SHOWN
    names = {one["name"] for one in content["images"]}
    assert names == {printable(f"val/images/{name}") for name in FILES}
    page = file.with_suffix(".html").read_bytes().decode("utf-8")
    assert all(f"<td>{html_text(name)}</td>" in page for name in SHOWN)


def test_check_data_counts_every_class(root, tmp_path):
    cfg = composed(
        *(word for word in words(root) if word.startswith(("data=", "data."))),
        *("splits=[val]", "samples=2", *shlex.split(quoted_override("out", tmp_path / "[b]"))),
        name="check_data",
    )
    out = io.StringIO()
    assert check_data(cfg, Console(file=out, width=100)) == 0
    assert "[b]" in out.getvalue()
    content = json.loads((tmp_path / "[b]" / "val.json").read_text("utf-8"))
    assert [one["name"] for one in content["classes"]] == SHOWN


def test_reports_and_figures_are_drawn_and_written(trained, tmp_path, capsys):
    folder = trained[0]
    other = shutil.copytree(folder, tmp_path / "[b] =1")
    text = (other / "config.yaml").read_text().replace("tau: ", "tau: 1")
    (other / "config.yaml").write_text(text.replace("seed: 0", "seed: 1"))
    files = [tmp_path / f"[b].{ending}" for ending in ("md", "tex", "CSV", "html")]
    (other / "overrides.yaml").write_text(json.dumps(['+x="=1+[/b]|$a$"', "label=_ä"]))
    compare_runs([folder, other], None, files, tmp_path / "plots", False, None)
    assert "[b]" in capsys.readouterr().out
    rows = list(csv.reader(io.StringIO(files[2].read_text("utf-8"))))
    assert all(cell == csv_cell(cell) for row in rows for cell in row if cell)
    assert (tmp_path / "plots" / "classes.png").is_file()
    runs = {"[b] $x$": folder, "_\x1b": other}
    amount = DrawOptions(images=2, rows=1, per_class=4)
    drawn = draw_figures(runs, tmp_path / "figures", check, amount=amount)
    assert {"panels", "tsne", "boundaries"} <= {file.stem for file in drawn}


def test_features_are_cached_and_trained_on(trained, tmp_path):
    out, said = tmp_path / "[b] =2", io.StringIO()
    wanted = (
        *shlex.split(quoted_override("run", trained[0])),
        *shlex.split(quoted_override("out", out)),
    )
    cfg = composed(*wanted, name="cache_features")
    found = read_run(cfg.run, cfg.checkpoint, check)
    cache(cfg, found, Console(file=said, width=100))
    assert "[b]" in said.getvalue()
    cfg = composed(
        *(
            "model=cached",
            "data=cached",
            *shlex.split(quoted_override("data.root", out)),
            "logger=none",
        ),
        *("data.steps=1", "data.eval_every=1", "data.batch_size=2", "data.num_workers=0"),
        *("trainer=cpu", "classifier=fixed", "trainer.log_every_n_steps=1"),
    )
    cfg.paths.run = str(tmp_path / "run")
    assert shows_classes(printed(lambda: session.start(cfg, [], experiment.fit), tmp_path / "run"))
