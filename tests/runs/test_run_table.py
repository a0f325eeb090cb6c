"""A run folder's label table serves evaluation, prediction and bundles, wherever the source is."""

import shutil

import cv2
import numpy as np
import pytest
from compositions import composed
from deployed import write_run
from omegaconf import OmegaConf
from rich.console import Console
from runs import SMALL
from written import picture, write

import segadapt
from segadapt.data.checks.split_record import write_record
from segadapt.deployment.export.trial_images import labelled_images
from segadapt.deployment.loading.run_source import from_run
from segadapt.deployment.prediction.image_files import write_labels
from segadapt.deployment.sharing.bundle import bundle
from segadapt.evaluation.evaluate import evaluate
from segadapt.evaluation.run_data import kept_table, split_of_run
from segadapt.evaluation.trained import measured_data
from segadapt.experiment import train
from segadapt.runs.reader import read_run
from segadapt.runs.stored_config import read_config, stored_config
from segadapt.runs.trust import trusting

TABLE = """\
classes:
  - {name: sky, colors: ["#4682b4", "#000001"]}
  - {name: road, colors: "#804080"}
ignored: {colors: "#000000"}
"""


def test_only_data_sets_with_a_table_of_their_own_get_that_of_a_run(tmp_path):
    own, published = OmegaConf.create({"classes": None}), OmegaConf.create({"root": "data"})
    assert kept_table(own, tmp_path) == {}
    (tmp_path / "classes.yaml").write_text(TABLE)
    assert kept_table(own, tmp_path) == {"kept_table": f"{tmp_path}/classes.yaml"}
    assert kept_table(published, tmp_path) == {}


@pytest.fixture
def root(tmp_path):
    """A set of two classes in colours."""
    root, colors = tmp_path / "set", np.array([[70, 130, 180], [128, 64, 128]], np.uint8)
    for split, numbers in (("train", range(3)), ("val", range(3, 5))):
        for i in numbers:
            image = picture(32, 32, i)
            write(root / split / "images" / f"{i}.png", image)
            write(root / split / "labels" / f"{i}.png", colors[(image[..., 0] > 127).astype(int)])
    (root / "classes.yaml").write_text(TABLE)
    return root


def test_bundles_write_colours_back_by_the_table(tmp_path, root):
    run = write_run(tmp_path / "run", "data=folder", f"data.root={root}", "data.num_classes=2")
    shutil.move(root / "classes.yaml", run / "classes.yaml")
    shared = bundle(str(run), tmp_path / "shared.zip")
    (run / "classes.yaml").unlink()
    model = segadapt.load(shared, device="cpu")
    assert model.classes == ("sky", "road")
    assert model.colors.tolist() == [[70, 130, 180], [128, 64, 128]]
    result = model.predict(picture(16, 16))
    write_labels(tmp_path / "out.png", result.labels, model.trained.data.labels)
    written = cv2.imread(str(tmp_path / "out.png"))[..., ::-1]
    assert np.array_equal(written, model.colors[result.labels])


def test_evaluation_and_export_compare_the_split_with_that_of_the_training(tmp_path, root):
    for folder in ("images", "labels"):
        (root / "train" / folder).rename(root / folder)
    shutil.rmtree(root / "train")
    shutil.rmtree(root / "val")
    words = ["data=folder", f"data.root={root}", "data.num_classes=2", "data.split={val:0.34}"]
    run = write_run(tmp_path / "run", *words)
    whole = composed("model=tiny", "trainer=cpu", f"paths.run='{run}'", *words)
    OmegaConf.save(whole, run / "config.yaml", resolve=True)
    write_record(run / "splits.json", [split_of_run(read_config(run).data, run)])
    shutil.rmtree(root / "images")
    (root / "labels").rename(root / "images")
    shutil.copytree(root / "images", root / "labels")
    cfg = composed(f"run={run}", "device=cpu", name="evaluate")
    with pytest.raises(ValueError, match=r"split 'val' is not what the training had"):
        evaluate(cfg, read_run(str(run), "last", trusting), Console(quiet=True))
    with pytest.raises(ValueError, match=r"split 'val' is not what the training had"):
        next(labelled_images(from_run(run)))


def test_a_network_of_other_classes_than_the_table_is_refused(tmp_path, root):
    words = ["data=folder", f"data.root={root}", "data.num_classes=3"]
    cfg = composed("model=tiny", "trainer=cpu", f"paths.run='{tmp_path}'", *words)
    with pytest.raises(ValueError, match=r"has 3 classes, but its data set folder has 2; use the"):
        split_of_run(cfg.data, tmp_path)


@pytest.mark.slow
def test_a_training_outlives_its_table(tmp_path, root):
    words = ["data.crop=[32,32]", "data.scale=[32,32]", "data.batch_size=2", "data.num_workers=0"]
    words += ["data.steps=2", "data.eval_every=2", "data.pretrained=false"]
    small = [word for word in SMALL if "data" not in word]
    run = tmp_path / "run"
    cfg = composed("data=folder", f"data.root={root}", *words, *small)
    cfg.paths.run = str(run)
    train(cfg)
    assert stored_config(run)["data"]["num_classes"] == 2
    (root / "classes.yaml").rename(tmp_path / "moved.yaml")
    data = measured_data(read_config(run).data, "val", None)
    assert split_of_run(data, run).classes == ("sky", "road")
    model = segadapt.load(run, device="cpu")
    assert model.trained.data.labels.table.sources[0].colors == ((70, 130, 180), (0, 0, 1))
    edited = TABLE.replace('"#000001"', '"#000002"')
    (root / "classes.yaml").write_text(edited)
    with pytest.raises(Exception, match=r"class 'sky' had #4682b4, #000001, but now #4682b4, #00"):
        split_of_run(data, run)
