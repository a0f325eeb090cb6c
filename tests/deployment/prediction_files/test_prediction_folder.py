"""Folders of predictions into which ``segadapt predict`` writes a second time."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
from deployed import scene, write_run
from PIL import Image

from segadapt.cli.predict import main
from segadapt.deployment.inputs.sources import Source
from segadapt.deployment.prediction_files import finished, outputs
from segadapt.deployment.prediction_files.finished import Finished


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    data = ("data=cityscapes", "data.scale=[48,32]", "data.crop=[32,32]")
    return write_run(folder, *data, "classifier=fixed")


def write_images(folder, first=0, number=2):
    """Images of one size, whose files have the same length and the same time of change."""
    folder.mkdir(parents=True)
    for index in range(number):
        file = folder / f"{index}.bmp"
        Image.fromarray(scene(24, 32, first + index)).save(file)
        os.utime(file, ns=(10**18, 10**18))
    return folder


@pytest.fixture
def typed(run, tmp_path, capsys):
    """Run a command that writes into ``out``, and return what it prints."""

    def start(*words, code=0, out=tmp_path / "out"):
        assert main([f"run={run}", "device=cpu", "workers=1", f"out={out}", *words]) == code
        return capsys.readouterr().out

    return start


def labels_in(folder):
    return {file.name: file.read_bytes() for file in sorted((folder / "labels").iterdir())}


def about(folder):
    return json.loads((folder / "predictions.json").read_text())


def test_predictions_of_other_images_of_the_same_name_are_not_kept(typed, tmp_path):
    first, second = write_images(tmp_path / "A"), write_images(tmp_path / "B", first=7)
    typed(f"images={first}", "save=labels")
    typed(f"images={second}", "save=labels", out=tmp_path / "fresh")
    told = typed(f"images={second}", "save=labels")
    assert "predicted 2 images" in told
    assert f"is another one than before: {second / '0.bmp'} and 1 more" in " ".join(told.split())
    assert labels_in(tmp_path / "out") == labels_in(tmp_path / "fresh")


def test_an_edited_image_is_predicted_again_and_a_copied_or_touched_one_is_kept(typed, tmp_path):
    images = write_images(tmp_path / "A")
    typed(f"images={images}", "save=labels")
    Image.fromarray(scene(24, 32, 9)).save(images / "1.bmp")
    assert "predicted 1 image in" in (told := typed(f"images={images}", "save=labels"))
    assert "1 kept from before" in told
    os.utime(images / "0.bmp")
    assert "2 kept from before" in typed(f"images={images}", "save=labels")
    copied = shutil.copytree(images, tmp_path / "copied")
    assert "2 kept from before" in typed(f"images={copied}", "save=labels")


def test_kinds_that_were_made_of_an_earlier_content_are_not_kept(typed, tmp_path):
    images = write_images(tmp_path / "A", number=1)
    typed(f"images={images}", "save=labels")
    old = labels_in(tmp_path / "out")
    Image.fromarray(scene(24, 32, 9)).save(images / "0.bmp")
    typed(f"images={images}", "save=confidence")  # the labels are still those of before
    assert "predicted 1 image in" in typed(f"images={images}", "save=labels")
    assert labels_in(tmp_path / "out") != old
    assert "1 kept from before" in typed(f"images={images}", "save=[labels,confidence]")


def test_scores_are_those_of_the_labels_that_were_passed_last(typed, tmp_path):
    images = write_images(tmp_path / "A", number=1)
    for name, ignored in (("L1", 3), ("L2", 9)):
        (tmp_path / name).mkdir()
        label = np.full((24, 32), 7, np.uint8)
        label[:ignored] = 0
        Image.fromarray(label).save(tmp_path / name / "0.png")
    scores = []
    for name, out in (("L1", "out"), ("L2", "out"), ("L2", "fresh")):
        words = (f"images={images}", f"labels={tmp_path / name}", "save=labels")
        typed(*words, out=tmp_path / out)
        with (tmp_path / out / "predictions.csv").open() as file:
            scores.append([row["pixels"] for row in csv.DictReader(file)])
    assert scores == [[str(21 * 32)], [str(15 * 32)], [str(15 * 32)]]


def test_an_interruption_keeps_what_is_finished_and_is_recorded(typed, tmp_path, monkeypatch):
    images = write_images(tmp_path / "A", number=3)
    typed(f"images={images / '0.bmp'}", "save=labels")
    assert about(tmp_path / "out")["finished"]

    def interrupted(result, file, style):
        if file.name == "2.png":
            raise KeyboardInterrupt
        return result.save(file, style.numbers)

    with monkeypatch.context() as patch:
        kind = outputs.OUTPUTS["labels"]._replace(write=interrupted)
        patch.setattr(outputs, "OUTPUTS", {**outputs.OUTPUTS, "labels": kind})
        for module in ("work", "predict_files"):
            patch.setattr(f"segadapt.deployment.prediction_files.{module}.OUTPUTS", outputs.OUTPUTS)
        with pytest.raises(BaseException):  # noqa: B017, PT011 # SystemExit or KeyboardInterrupt
            typed(f"images={images}", "save=labels")
    assert not about(tmp_path / "out")["finished"]
    told = typed(f"images={images}", "save=labels")
    assert "predicted 1 image in" in told
    assert "2 kept from before" in told
    assert about(tmp_path / "out")["finished"]


def test_predictions_of_unknown_images_are_made_again(typed, tmp_path):
    """A folder of an earlier version has no inputs.csv."""
    images = write_images(tmp_path / "A")
    typed(f"images={images}", "save=labels")
    expected = labels_in(tmp_path / "out")
    (tmp_path / "out" / "inputs.csv").unlink()
    (tmp_path / "out" / "labels" / "0.png").write_bytes(b"of another image")
    told = " ".join(typed(f"images={images}", "save=labels").split())
    assert "has no inputs.csv, so it is unknown which images its predictions are of" in told
    assert "predicted 2 images" in told
    assert labels_in(tmp_path / "out") == expected
    assert "2 kept from before" in typed(f"images={images}", "save=labels")


def test_a_file_that_changes_while_it_is_read_is_not_finished(tmp_path):
    file = write_images(tmp_path / "A", number=1) / "0.bmp"
    record, source = (
        Finished(tmp_path, {}, again=False),
        Source(file, file.relative_to(file.parent)),
    )
    before = record.before(source)
    record.add(source, ["labels"], record.after(source, before))
    assert record.kinds(source) == {"labels"}
    Image.fromarray(scene(24, 32, 5)).save(file)  # since its state was taken
    record.add(source, ["labels"], record.after(source, before))
    assert record.kinds(source) == set()


def test_a_file_in_the_same_state_is_not_read_again(tmp_path, monkeypatch):
    file = write_images(tmp_path / "A", number=1) / "0.bmp"
    record, source = (
        Finished(tmp_path, {}, again=False),
        Source(file, file.relative_to(file.parent)),
    )
    record.add(source, ["labels"], record.after(source, record.before(source)))
    monkeypatch.setattr(finished, "sha256", None)
    assert Finished(tmp_path, {}, again=False).kinds(source) == {"labels"}
    os.utime(file)

    def refused(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(finished, "sha256", refused)
    assert record.kinds(source) == set()  # it is skipped when it is read
    assert Finished(tmp_path, {}, again=True).kinds(source) == set()
    file.unlink()
    assert record.kinds(source) == set()
