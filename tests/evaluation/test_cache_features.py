"""Features in files stand for the backbone that made them."""

import io
import json
from functools import partial

import compositions
import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from rich.console import Console
from runs import fork, wait

from segadapt.analysis.comparison.counting import cost
from segadapt.analysis.comparison.results import Result
from segadapt.analysis.figures.draw import DrawOptions, draw_figures
from segadapt.data.datasets.cached_features import CachedFeatures
from segadapt.data.datasets.synthetic import Synthetic
from segadapt.evaluation import cache_features
from segadapt.evaluation.cache_features import cache
from segadapt.evaluation.evaluate import evaluate
from segadapt.evaluation.evaluator import Evaluator
from segadapt.evaluation.inference.methods import whole
from segadapt.evaluation.network import build_model
from segadapt.experiment import build_task, train
from segadapt.models.cached_features import CachedGenerator
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check
from segadapt.structures import Batch

PARTS = ("data", "model", "classifier", "loss", "optimizer", "schedule", "inference", "seed")
LAB = ("model=cached", "data=cached")


def composed(name, *overrides):
    return compositions.composed(*overrides, name=name)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder as a training leaves it, of a network that has learnt nothing."""
    folder = tmp_path_factory.mktemp("runs") / "full"
    cfg = composed("train", "data=synthetic", "model=tiny", "classifier=ssa")
    torch.manual_seed(0)
    task = build_task(cfg)
    (folder / "checkpoints").mkdir(parents=True)
    OmegaConf.save(OmegaConf.masked_copy(cfg, PARTS), folder / "config.yaml", resolve=True)
    state = {"state_dict": task.state_dict(), "global_step": 4}
    torch.save(state, folder / "checkpoints" / "last.ckpt")
    (folder / "run.json").write_text(json.dumps({"state": "finished"}))
    return folder, task.model.eval()


def cached(folder, out, *overrides):
    cfg = composed("cache_features", f"out='{out}'", *overrides)
    said = io.StringIO()
    found = read_run(str(folder), "last", check)
    cache(cfg, found, Console(file=said, width=200))
    return said.getvalue()


@pytest.fixture(scope="module")
def features(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("features")
    return out, cached(run[0], out, "train=12")


def lab(root, *overrides):
    return composed("train", *LAB, f"data.root={root}", "data.num_workers=0", *overrides)


def test_a_classifier_scores_cached_features_as_the_full_network_scores_images(run, features):
    full = run[1]
    cfg = lab(features[0], "classifier=ssa")
    alone = build_task(cfg).model.eval()
    alone.classifier.load_state_dict(full.classifier.state_dict())
    images, dataset = Synthetic(5, 64, 3), instantiate(cfg.data.module.val)
    assert len(dataset) == len(images)
    counts = Evaluator(5, whole), Evaluator(5, whole)
    for index in range(len(images)):
        pairs = [(full, images[index], counts[0]), (alone, dataset[index], counts[1])]
        found = []
        for model, sample, evaluator in pairs:
            batch = Batch(sample.image[None], sample.mask[None], [sample.name])
            evaluator.update(model, batch)
            with torch.no_grad():
                prediction = model(batch.image, batch.mask)
            found.append([prediction.student, prediction.coarse, prediction.teacher])
        for ours, theirs in zip(*found, strict=True):
            torch.testing.assert_close(ours.logits, theirs.logits, atol=1e-5, rtol=1e-5)
    expected, measured = (evaluator.compute() for evaluator in counts)
    assert list(expected) == ["student", "coarse", "oracle"]
    assert all(measured[name].equal(expected[name]) for name in expected)


def test_it_is_said_before_how_much_is_written(features):
    out, said = features
    train_set, val = (np.load(out / split / "features.npy") for split in ("train", "val"))
    shape = " x ".join(map(str, val.shape[1:]))
    for split, found in (("train", train_set), ("val", val)):
        size = found.nbytes + len(found) * 64 * 64
        assert f"{split}: {len(found)} samples of {shape} in fp32: {size / 1e6:.1f} MB" in said
    assert (len(train_set), len(val)) == (12, 3)
    assert f"model=cached data=cached data.root={out}" in said


def test_half_precision_keeps_the_bits_of_bfloat16(run, features, tmp_path):
    cached(run[0], tmp_path, "precision=bf16")
    exact, half = features[0], tmp_path
    channels = np.load(exact / "val" / "features.npy").shape[1]
    ours, theirs = (CachedFeatures(root, "val", 5, channels) for root in (half, exact))
    assert ours[2].image.equal(theirs[2].image.bfloat16().float())
    assert ours[2].mask.equal(Synthetic(5, 64, 3)[2].mask)
    assert ours.features.dtype.itemsize == 2


def test_a_comparison_counts_the_classifier_alone(features):
    cfg = OmegaConf.masked_copy(lab(features[0], "classifier=fixed"), PARTS)
    config = OmegaConf.to_container(cfg, resolve=True)
    found = cost(Result(features[0], config, (), {}, {}, None), build_model)
    weights = 5 * np.load(features[0] / "val" / "features.npy").shape[1] + 5
    assert (found.training, found.deployed, found.macs) == (weights, weights, None)


@pytest.mark.parametrize("classifier", ["fixed", "ssa"])
def test_a_classifier_trains_on_them_by_the_usual_command(features, tmp_path, classifier):
    cfg = lab(
        features[0],
        *(f"classifier={classifier}", "data.steps=2", "data.eval_every=2", "data.batch_size=4"),
        *("trainer=cpu", "logger=none", f"paths.run={tmp_path / 'run'}"),
    )
    assert wait(fork(partial(train, cfg))) == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["step"] == 2
    assert (tmp_path / "run" / "per_image.npz").is_file()


def test_what_is_no_image_is_neither_cut_nor_drawn(features, tmp_path, capsys):
    words = ["classifier=ssa", "data.steps=2", "data.eval_every=2", "data.batch_size=4"]
    words += ["trainer=cpu", "logger=none", f"paths.run={tmp_path / 'run'}"]
    assert wait(fork(partial(train, lab(features[0], *words, "inference=slide")))) == 1
    assert "inference=slide cuts or resizes" in (tmp_path / "run" / "error.txt").read_text()
    assert wait(fork(partial(train, lab(features[0], *words)))) == 0
    for seen in ("slide", "multiscale"):
        with pytest.raises(ValueError, match=f"inference={seen} cuts or resizes images, and cach"):
            evaluated(tmp_path / "run", f"inference={seen}")
    assert not (tmp_path / "run" / "evaluation").exists()
    assert evaluated(tmp_path / "run").is_file()
    runs, little = {"ssa": tmp_path / "run"}, DrawOptions(images=3, rows=1, per_class=6)
    files = draw_figures(runs, tmp_path / "figures", check, amount=little)
    assert {"tsne", "shift", "curves"} <= {file.stem for file in files}
    assert not {"panels", "activation"} & {file.stem for file in files}
    assert "without panels and activation maps" in capsys.readouterr().out


def evaluated(folder, *overrides):
    cfg = composed("evaluate", f"run='{folder}'", "device=cpu", *overrides)
    found = read_run(cfg.run, cfg.checkpoint, check)
    return evaluate(cfg, found, Console(file=io.StringIO()))


def test_a_set_that_does_not_fit_the_run_is_refused(features, tmp_path):
    out, _ = features
    channels = np.load(out / "val" / "features.npy").shape[1]
    expected = f"{channels} channels and 5 classes, but the run expects"
    with pytest.raises(ValueError, match=f"{expected} {channels} and 7"):
        CachedFeatures(out, "val", 7, channels)
    with pytest.raises(ValueError, match=f"{expected} 9 and 5"):
        CachedFeatures(out, "val", 5, 9)
    with pytest.raises(ValueError, match="holds no cached features"):
        CachedFeatures(tmp_path, "val", 5, channels)
    with pytest.raises(ValueError, match=r"model=cached .* use it with data=cached"):
        CachedGenerator(0)


def test_features_of_another_shape_than_the_set_says_are_refused(run, tmp_path):
    cached(run[0], tmp_path)
    file = tmp_path / "val" / "features.npy"
    stored = np.load(file)
    np.save(file, stored[:2])
    with pytest.raises(ValueError, match=r"features.npy holds 2 x .* not 3 x .*cache the feat"):
        CachedFeatures(tmp_path, "val", 5, stored.shape[1])


def test_what_was_left_unfinished_is_begun_anew_and_what_is_whole_is_kept(run, tmp_path):
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "features.npy").write_bytes(b"half")
    with pytest.raises(ValueError, match="holds no cached features"):
        CachedFeatures(tmp_path, "val", 5, 1)
    cached(run[0], tmp_path)
    before = (tmp_path / "val" / "features.npy").read_bytes()
    with pytest.raises(ValueError, match="already holds cached features"):
        cached(run[0], tmp_path)
    assert (tmp_path / "val" / "features.npy").read_bytes() == before


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("precision=fp8", "Unknown precision 'fp8'. Available: fp32, bf16"),
        ("train=0", "keep 1 sample or more"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_anything_is_written(
    run, tmp_path, override, sentence
):
    with pytest.raises(ValueError, match=sentence):
        cached(run[0], tmp_path / "out", override)
    assert not (tmp_path / "out").exists()


def test_resized_data_are_refused_before_the_first_split_is_written(run, tmp_path, monkeypatch):
    class Resized(Synthetic):
        def __getitem__(self, key):
            sample = super().__getitem__(key)
            return sample._replace(mask=sample.mask[:32, :32])

    splits = {"train": Synthetic(5, 64, 3), "val": Resized(5, 64, 3)}
    monkeypatch.setattr(cache_features, "split_of_run", lambda data, folder, split: splits[split])
    with pytest.raises(ValueError, match=r"all have one size and are not resized for validation"):
        cached(run[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()
