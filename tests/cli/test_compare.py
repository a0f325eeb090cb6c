"""Two trainings, their evaluation and their comparison."""

import base64
import csv
import io
import json
import re
import shutil
from functools import partial

import cv2
import numpy as np
import pytest
from compositions import composed
from rich.console import Console
from runs import config, fork, wait

from segadapt.cli.compare import compare
from segadapt.cli.words import UsageError
from segadapt.evaluation.evaluate import evaluate
from segadapt.experiment import train
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check

SUMMARY = "segadapt.training.callbacks.summary.Summary"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    for tau in (5, 15):
        run = folder / str(tau)
        kept = [f"+callbacks.summary={{_target_: {SUMMARY}, folder: '{run}'}}"]
        kept += ["data.module.val.length=6", "classifier=cac", f"classifier.tau={tau}"]
        assert wait(fork(partial(train, config(run, *kept)))) == 0
    return folder


def evaluated(run, *overrides):
    cfg = composed("device=cpu", *overrides, name="evaluate")
    return evaluate(cfg, read_run(str(run), "last", check), Console(file=io.StringIO()))


def test_the_counts_of_a_training_are_those_of_its_report(trained):
    run = trained / "5"
    with np.load(run / "per_image.npz") as content:
        names, (right, labelled, predicted) = content["names"], content["counts"].sum(0)
    assert names.tolist() == [str(index) for index in range(6)]
    student = json.loads((run / "report.json").read_text())["results"]["student"]
    assert np.mean(right / (labelled + predicted - right)) == pytest.approx(student["miou"])
    assert right.sum() / labelled.sum() == pytest.approx(student["accuracy"])


def test_one_seed_says_so_and_keeps_the_interval_over_images(trained, tmp_path, capsys):
    files = [tmp_path / "table.md", tmp_path / "table.csv"]
    compare([str(trained), "cost=false", "power=true", f"out=[{files[0]},{files[1]}]"])
    assert "with one common seed nothing can be said" in capsys.readouterr().out
    rows = files[0].read_text().splitlines()[2:4]
    assert sum("(too few seeds)" in row for row in rows) == 1  # the baseline has no difference
    with files[1].open() as content:
        ends = [row["images_low"] for row in csv.DictReader(content)]
    assert sum(bool(end) for end in ends) == 1


def test_where_gains_come_from(trained, tmp_path):
    file = tmp_path / "table.md"
    compare([str(trained), "cost=false", "gains=true", f"out={file}"])
    titles = [line for line in file.read_text().splitlines() if line.startswith("## ")]
    assert {"## Factors", "## Gains by class"} <= set(titles)


def pixels(source):
    """The pixels of a PNG in base64."""
    return cv2.imdecode(np.frombuffer(base64.b64decode(source), np.uint8), cv2.IMREAD_COLOR)


def test_a_page_shows_what_the_networks_make_of_images(trained, tmp_path):
    file = tmp_path / "page.html"
    compare([str(trained), "cost=false", "images=1", f"out={file}"])
    text = file.read_text()
    views = text.count('<div class="pictures">')
    assert views == len(re.findall(r"<h4>Most (gained|lost)</h4>", text)) > 0
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert len(sources) == 4 * views
    assert pixels(sources[0]).shape == (32, 32, 3)
    assert "Predictions are those of seed 0." in text
    for view in text.split('<div class="pictures">')[1:]:
        label = pixels(re.findall(r'src="data:image/png;base64,([^"]+)"', view)[1])
        legend = re.findall(r"background: rgb\((\d+), (\d+), (\d+)\)", view)
        shown = {tuple(color) for color in label[..., ::-1].reshape(-1, 3).tolist()}
        assert shown <= {tuple(map(int, color)) for color in legend}  # also that of ignored ones


def test_a_page_says_why_it_has_no_pictures(trained, tmp_path):
    copies = [shutil.copytree(trained / tau, tmp_path / tau) for tau in ("5", "15")]
    shutil.rmtree(copies[0] / "checkpoints")
    file = tmp_path / "page.html"
    compare([*map(str, copies), "cost=false", f"out={file}"])
    text = file.read_text()
    assert "Pictures are not shown: Unknown checkpoint &#39;last&#39;" in text
    assert "<img" not in text
    compare([*map(str, copies), "cost=false", "images=0", f"out={file}"])
    assert "Pictures are not shown" not in file.read_text()


def test_a_negative_number_of_images_is_refused():
    with pytest.raises(UsageError, match="images=-1: images takes an integer of 0 or more"):
        compare(["runs", "images=-1"])


def test_networks_are_timed_side_by_side(trained, tmp_path, capsys):
    compare([str(trained), "cost=false", "latency=true", f"out={tmp_path / 'table.csv'}"])
    said = capsys.readouterr().out
    assert "ms per image: median and minimum of rounds in turns, one image of 64 x 64" in said
    assert re.search(r"CPU time of \d+ threads?, load [\d.]+ before", said)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    for row in rows:
        assert 0 < float(row["milliseconds_min"]) <= float(row["milliseconds"]) < 60_000


def test_an_evaluation_makes_up_for_counts_that_were_not_kept(trained):
    run = trained / "15"
    expected = (run / "per_image.npz").read_bytes()
    (run / "per_image.npz").unlink()
    evaluated(run, "inference=multiscale")
    assert (run / "evaluation" / "multiscale-last.npz").is_file()
    assert not (run / "per_image.npz").exists()  # those counts belong to another number
    evaluated(run)
    assert (run / "per_image.npz").read_bytes() == expected


def test_counts_of_a_part_of_the_images_are_kept(trained, tmp_path):
    run = shutil.copytree(trained / "15", tmp_path / "run")
    with np.load(run / "per_image.npz") as content:
        part = {name: content[name][:4] for name in content}
    np.savez(run / "per_image.npz", **part)  # as after trainer.limit_val_batches
    expected = (run / "per_image.npz").read_bytes()
    evaluated(run)
    assert (run / "per_image.npz").read_bytes() == expected
    with pytest.raises(ValueError, match=r"measured images is '4 with digest .*' and '6 with"):
        compare([str(run), str(trained / "5"), "cost=false"])


def test_evaluations_are_a_table_of_their_own(trained, tmp_path, capsys):
    evaluated(trained / "5", "inference=slide")
    words = ["cost=false", "evaluation=slide-last", f"out={tmp_path / 'table.csv'}"]
    compare([str(trained), *words])
    said = capsys.readouterr()
    assert said.out.count("15: evaluation/slide-last.json is missing") == 1
    assert (
        "measured by python scripts/evaluate.py: evaluation/slide-last.json of each run" in said.out
    )
    (row,) = csv.DictReader((tmp_path / "table.csv").read_text().splitlines())
    kept = json.loads((trained / "5" / "evaluation" / "slide-last.json").read_text())
    expected = 100 * kept["results"]["student"]["miou"]
    assert float(row["miou"]) == pytest.approx(expected, abs=0.005)
