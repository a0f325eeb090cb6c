"""Loading a run: nothing heavy is imported, nothing foreign is built, and no data set is needed."""

import json
import subprocess
import sys

import pytest
import yaml
from deployed import scene, write_run

import segadapt

HEAVY = ("lightning", "pytorch_lightning", "wandb", "albumentations", "matplotlib", "sklearn")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    words = ("data=camvid", "data.root=/moved/away", "model.encoder.weights=null")
    return write_run(tmp_path_factory.mktemp("runs") / "run", *words[:2], "classifier=cac")


def altered(run, folder, change):
    """A copy whose config was changed."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "run.json").write_text((run / "run.json").read_text())
    config = yaml.safe_load((run / "config.yaml").read_text())
    change(config)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    file = run / "checkpoints" / "last.ckpt"
    (folder / "checkpoints" / "last.ckpt").write_bytes(file.read_bytes())
    return folder


def test_loading_and_predicting_import_nothing_heavy(run):
    code = f"""
import sys, segadapt, numpy
result = segadapt.load({str(run)!r}, device="cpu").predict(numpy.zeros((40, 50, 3), numpy.uint8))
print(result.labels.shape, [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(40, 50) []\n"
    assert done.stderr.count("\n") == done.stderr.count("holds no digest")


def test_timm_does_without_the_tracker_and_others_get_it(monkeypatch):
    from segadapt.deployment.loading.light_imports import without_tracker

    kept = sys.modules["wandb"]
    with without_tracker():  # imported already: it stays
        assert sys.modules["wandb"] is kept
    monkeypatch.delitem(sys.modules, "wandb")
    with without_tracker(), pytest.raises(ImportError):
        import wandb
    import wandb

    assert wandb.__name__ == "wandb"


def test_a_model_knows_what_it_is(run):
    model = segadapt.load(run, device="cpu")
    assert model.classes[:3] == ("sky", "building", "pole")
    assert model.colors[0].tolist() == [128, 128, 128]
    assert model.info["classifier"] == "CACClassifier"
    assert model.info["step"] == 4
    assert len(model.info["sha256"]) == 64
    assert "CACClassifier" in repr(model)
    assert "11 classes" in repr(model)


def test_what_is_not_a_run_gets_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="is neither a run folder nor a bundle"):
        segadapt.load(tmp_path)
    with pytest.raises(ValueError, match="nowhere does not exist; pass a run folder"):
        segadapt.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("part", "target"),
    [
        ("model", "os.system"),
        ("classifier", "segadapt.runs.checkpoint.remove"),
        ("inference", "subprocess.run"),
        ("callback", "shutil.rmtree"),  # it is not built, but the folder is not to be trusted
    ],
)
def test_foreign_configs_are_refused_before_anything_is_built(run, tmp_path, part, target):
    def change(config):
        config.setdefault(part, {})["_target_"] = target

    folder = altered(run, tmp_path / "run", change)
    with pytest.raises(ValueError, match=f"refusing to build .*{target}"):
        segadapt.load(folder)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("model", "model.future, which EncoderDecoder does not take"),
        ("classifier", "classifier.future, which CACClassifier does not take"),
        ("inference", "inference.future, which whole does not take"),
    ],
)
def test_a_run_of_a_newer_version_gets_a_sentence(run, tmp_path, part, reason):
    folder = altered(run, tmp_path / "run", lambda config: config[part].update(future=1))
    with pytest.raises(ValueError, match=f"config.yaml has {reason}; this is segadapt "):
        segadapt.load(folder)
    with pytest.raises(ValueError, match=f"config.yaml has {reason}; this is segadapt "):
        segadapt.load(folder, trust=True)  # trust is not what is missing


def test_settings_that_predictions_do_not_use_may_be_newer(run, tmp_path):
    def change(config):
        config["data"]["module"]["val"]["future"] = 1
        config["future"] = {"_target_": "torch.nn.Identity", "more": 1}

    segadapt.load(altered(run, tmp_path / "run", change), device="cpu")


def test_what_is_only_for_training_is_not_imported(run, tmp_path, monkeypatch):
    """A callback of Lightning is on the list, and stays where it is."""
    seen = []
    import importlib

    real = importlib.import_module
    monkeypatch.setattr(
        importlib, "import_module", lambda name, *rest: seen.append(name) or real(name, *rest)
    )

    def change(config):
        config["callbacks"] = {"a": {"_target_": "lightning.pytorch.callbacks.Timer"}}

    segadapt.load(altered(run, tmp_path / "run", change), device="cpu")
    assert not [name for name in seen if name.startswith("lightning")]


def test_class_names_of_a_folder_come_with_the_run(tmp_path):
    root = tmp_path / "mine"
    root.mkdir()
    (root / "classes.txt").write_text("sky\nroad\ncar\n")
    words = ("data=folder", f"data.root={root}", "data.num_classes=3", "classifier=fixed")
    kept = write_run(tmp_path / "kept", *words, classes=["a", "b", "c"])
    plain = write_run(tmp_path / "plain", *words)
    assert segadapt.load(kept, device="cpu").classes == ("a", "b", "c")
    assert segadapt.load(plain, device="cpu").classes == ("sky", "road", "car")
    (root / "classes.txt").unlink()
    assert segadapt.load(kept, device="cpu").classes == ("a", "b", "c")
    with pytest.raises(ValueError, match="names of the 3 classes are not known"):
        segadapt.load(plain)
    report = {"results": {"student": {"classes": [{"name": n} for n in ("x", "y", "z")]}}}
    (plain / "report.json").write_text(json.dumps(report))
    assert segadapt.load(plain, device="cpu").classes == ("x", "y", "z")


def test_networks_for_cached_features_take_no_images(tmp_path, run):
    def change(config):
        target = "segadapt.data.datasets.cached_features.CachedFeatures"
        config["data"]["module"]["val"]["_target_"] = target

    with pytest.raises(ValueError, match="takes no images; load the run that they were made with"):
        segadapt.load(altered(run, tmp_path / "run", change))


def test_a_network_that_was_kept_without_its_teacher_loads(run, tmp_path):
    import torch

    folder = altered(run, tmp_path / "run", lambda config: None)
    file = folder / "checkpoints" / "last.ckpt"
    content = torch.load(file)
    content["state_dict"] = {
        name: value for name, value in content["state_dict"].items() if ".teacher." not in name
    }
    torch.save(content, file)
    model = segadapt.load(folder, device="cpu")
    with pytest.raises(ValueError, match="has no teacher branch"):
        model.predict(scene(16, 16), labels=scene(16, 16)[..., 0] % 11, branch="teacher")
    del content["state_dict"]["model.classifier.coarse.weight"]
    torch.save(content, file)
    with pytest.raises(ValueError, match="belongs to another network"):
        segadapt.load(folder)
