import cv2
import numpy as np
import pytest
import torch
from toy import Blocks, fit

from segadapt.data.drawing import GAP, LINE, TILE, shown
from segadapt.data.palette import palette
from segadapt.functional.normalization import Statistics
from segadapt.training.callbacks import panels
from segadapt.training.callbacks.panels import Panels


def test_each_validation_draws_the_same_images(tmp_path):
    fit([Panels(tmp_path / "panels", images=2)], tmp_path)
    files = sorted((tmp_path / "panels").iterdir())
    assert [file.name for file in files] == ["step-000005.png", "step-000010.png"]
    before, after = (cv2.imread(str(file))[..., ::-1] for file in files)
    tile = TILE * 4 // 6 + GAP
    assert before.shape == (LINE + 2 * (tile + LINE) + 2 * LINE, 5 * (TILE + GAP), 3)
    assert (before[:, : 2 * TILE] == after[:, : 2 * TILE]).mean() > 0.99  # captions differ
    label = before[LINE + TILE // 6 + 10, TILE + GAP + 10]
    assert (label == palette(4)[Blocks(3)[0].mask[5, 0]]).all()


def test_panels_go_to_the_tracker(tmp_path, monkeypatch):
    images = []

    class Tracker:
        def log_image(self, key, file, step):
            images.append((key, file.name, step))

    monkeypatch.setattr(panels, "trackers", lambda trainer: [Tracker()])
    fit([Panels(tmp_path, images=1)], tmp_path)
    assert images == [("panels", f"step-{n:06d}.png", n) for n in (5, 10)]


def test_the_training_is_not_touched(tmp_path):
    weights = []
    for callbacks in ([], [Panels(tmp_path)]):
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002
        _, task = fit(callbacks, tmp_path)
        weights.append(torch.cat([value.flatten() for value in task.model.state_dict().values()]))
    assert weights[0].equal(weights[1])


def test_images_are_shown_by_the_statistics_of_their_data_set(tmp_path, monkeypatch):
    pictures = []
    for statistics in (Statistics((0.0,) * 3, (1.0,) * 3), Statistics((1.0,) * 3, (0.01,) * 3)):
        monkeypatch.setattr(Blocks, "statistics", statistics)
        fit([Panels(tmp_path, images=1)], tmp_path)
        file = sorted(tmp_path.glob("step-*.png"))[0]
        pictures.append(cv2.imread(str(file))[LINE : LINE + TILE * 4 // 6, :TILE])
    height, width = Blocks(3)[0].mask.shape
    expected = shown(Blocks(3)[0].image, (height, width), Statistics((0.0,) * 3, (1.0,) * 3))
    assert pictures[0].mean() == pytest.approx(expected.mean(), abs=2)
    assert pictures[1].mean() > 240
