import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from compositions import composed
from omegaconf import OmegaConf
from sklearn.metrics import jaccard_score

from segadapt.analysis.figures.branch_curves import branch_curves, curves_figure
from segadapt.analysis.figures.draw import DrawOptions, draw_figures
from segadapt.analysis.figures.optional_packages import is_installed
from segadapt.analysis.figures.panels import panel_rows
from segadapt.analysis.figures.wandb_figures import track
from segadapt.cli.figures import titled
from segadapt.evaluation.trained import load_trained
from segadapt.experiment import build_task
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check
from segadapt.training.loggers.wandb_tracker import WandbTracker

PARTS = ("data", "model", "classifier", "loss", "optimizer", "schedule", "inference", "seed")
METRICS = "step,val/miou,val/miou_oracle\n10,0.25,0.5\n15,,\n20,0.375,0.75\n"
LITTLE = DrawOptions(images=2, rows=2, per_class=10)


def made(folder, classifier, *overrides):
    """A run folder as a training leaves it, of a network that has learnt nothing."""
    words = ["data=synthetic", "model=tiny", "data.num_classes=3", f"classifier={classifier}"]
    cfg = composed(*words, *overrides)
    torch.manual_seed(0)
    task = build_task(cfg)
    (folder / "checkpoints").mkdir(parents=True)
    OmegaConf.save(OmegaConf.masked_copy(cfg, PARTS), folder / "config.yaml", resolve=True)
    state = {"state_dict": task.state_dict(), "global_step": 4}
    torch.save(state, folder / "checkpoints" / "last.ckpt")
    (folder / "run.json").write_text(json.dumps({"state": "finished"}))
    (folder / "metrics.csv").write_text(METRICS)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {name: made(root / name, name) for name in ("fixed", "ssa")}


def names(folder):
    return {file.stem for file in folder.glob("*.png")} & {f.stem for f in folder.glob("*.pdf")}


def test_each_run_gets_what_it_has_something_for(runs, tmp_path):
    files = draw_figures(runs, tmp_path, check, amount=LITTLE)
    assert all(file.stat().st_size > 1000 for file in files)
    optional = {"umap"} if is_installed("umap") else set()
    found = names(runs["ssa"] / "figures")
    assert found == {"boundaries", "shift", "similarity", "tsne"} | optional
    assert names(runs["fixed"] / "figures") == {"boundaries", "tsne"} | optional
    maps = {"activation"} if is_installed("pytorch_grad_cam") else set()
    assert names(tmp_path) == {"curves", "panels"} | maps


def test_panels_show_predictions_and_their_miou(runs):
    trained = {name: load_trained(read_run(folder, "last", check)) for name, folder in runs.items()}
    row = panel_rows(trained, 2)[1]
    sample = trained["ssa"].dataset[len(trained["ssa"].dataset) - 1]
    assert np.array_equal(row.label, sample.mask)
    with torch.no_grad():
        logits = trained["ssa"].model(sample.image[None]).student.logits
    scores = torch.nn.functional.interpolate(logits, sample.mask.shape, mode="bilinear")
    expected = scores.argmax(1)[0].numpy()
    assert np.array_equal(row.predictions["ssa"], expected)
    valid = row.label != 255
    iou = jaccard_score(row.label[valid], expected[valid], average="macro")
    assert row.miou["ssa"] == pytest.approx(iou)


def test_runs_on_different_images_do_not_stand_side_by_side(runs, tmp_path):
    other = made(tmp_path / "other", "fixed", "data.module.val.size=7")
    with pytest.raises(ValueError, match="fixed and other were validated on different data"):
        draw_figures({"fixed": runs["fixed"], "other": other}, tmp_path, check, amount=LITTLE)


def test_curves_are_the_validations_in_metrics_csv(runs):
    curves = branch_curves(runs["ssa"])
    assert curves == {"student": [(10, 0.25), (20, 0.375)], "oracle": [(10, 0.5), (20, 0.75)]}
    lines = curves_figure({"ssa": curves}).axes[0].lines
    assert [list(line.get_ydata()) for line in lines] == [[25, 37.5], [50, 75]]
    with pytest.raises(ValueError, match="holds no validation"):
        curves_figure({"ssa": {}})


def test_pngs_join_the_wandb_run_of_their_training(runs, tmp_path, monkeypatch):
    sent, trained = [], load_trained(read_run(runs["ssa"], "last", check))
    monkeypatch.setattr(
        WandbTracker, "log_image", lambda self, *image: sent.append((self.folder, *image))
    )
    files = [tmp_path / "tsne.png", tmp_path / "tsne.pdf"]
    with pytest.raises(ValueError, match="trained with logger=none"):
        track(trained, files)
    logger = {
        "_target_": "segadapt.training.loggers.wandb_tracker.WandbTracker",
        "folder": "elsewhere",
        "project": "p",
        "mode": "offline",
    }
    config = OmegaConf.merge(trained.config, {"logger": logger, "data": {"steps": 40}})
    assert "offline" in track(replace(trained, run=trained.run._replace(config=config)), files)
    assert sent == [(runs["ssa"], "figures/tsne", files[0], 40)]


def test_runs_are_called_by_their_titles():
    found = titled(["run=runs/7", "CAC=runs/8", "runs/9"])
    assert found == {"7": Path("runs/7"), "CAC": Path("runs/8"), "9": Path("runs/9")}
    with pytest.raises(ValueError, match="two runs are called 7"):
        titled(["a/7", "run=b/7"])


def test_figures_for_wandb_are_refused_before_any_is_drawn(runs, tmp_path):
    with pytest.raises(ValueError, match="trained with logger=none"):
        draw_figures(runs, tmp_path / "out", check, amount=LITTLE, tracking=True)
    assert not (tmp_path / "out").exists()
