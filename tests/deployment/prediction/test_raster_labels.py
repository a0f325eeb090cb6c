"""Labels of rasters read by windows, against windows that numpy blends in memory."""

from functools import partial

import numpy as np
import pytest
import torch
from geotiffs import coordinates, write_tiff

from segadapt.data.files.image_format import PLAIN
from segadapt.data.files.raster_windows import Raster
from segadapt.deployment.prediction import raster_labels
from segadapt.deployment.prediction.predictor import Predictor
from segadapt.deployment.prediction.raster_labels import RasterLabels, Sight, sight_of
from segadapt.evaluation.inference.methods import multiscale, slide, whole
from segadapt.evaluation.precision_plugins import precision_plugin
from segadapt.structures import Branch, Prediction

pytest.importorskip("rasterio")
CPU = torch.device("cpu")


def ramp(height, width):
    """What a network adds to scores by the place in the window: so blending changes labels."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([3 * rows, 2 * columns, 150 - rows - columns])


class Network:
    """Scores that are a known function of pixels and of their place in the window."""

    def __init__(self, strength):
        self.strength, self.seen = strength, []

    def __call__(self, image):
        height, width = image.shape[2:]
        self.seen.append((height, width))
        place = torch.from_numpy(self.strength * ramp(height, width))
        return Prediction(Branch(image.float() + place))


def labels_of(file, strength, way, network=None):
    network = network or Network(strength)
    predictor = Predictor(network, whole, precision_plugin("32-true", CPU), CPU, lambda x: x, 3)
    image = Raster(file)
    result = np.full(image.size, -1)
    blocks = RasterLabels(predictor, image, PLAIN, way)
    seen = list(blocks)
    assert len(seen) == len(blocks)
    for box, labels, valid in seen:
        place = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        assert (result[place] == -1).all()
        result[place] = 255 if labels is None else labels.numpy()
        if valid is not None:
            result[place][~valid] = 255
    return result


def blended(image, strength, way):
    """Every window at once, in double precision."""
    (high, wide), (down, right) = way.window, way.stride
    total = np.zeros((3, *image.shape[:2]))
    for top in {min(at, image.shape[0] - high) for at in range(0, image.shape[0], down)}:
        for left in {min(at, image.shape[1] - wide) for at in range(0, image.shape[1], right)}:
            place = slice(top, top + high), slice(left, left + wide)
            bells = [
                np.exp(-0.5 * ((np.arange(side) - (side - 1) / 2) / (side / 8)) ** 2)
                for side in (high, wide)
            ]
            scores = image[place].transpose(2, 0, 1) + strength * ramp(high, wide)
            total[:, place[0], place[1]] += np.outer(*bells) * scores
    return total


@pytest.fixture
def small(monkeypatch):
    """Blocks of 64 rows, and columns of blocks of no more."""
    monkeypatch.setattr(raster_labels, "TILE", 64)
    monkeypatch.setattr(raster_labels, "BUDGET", 1)


def test_labels_are_a_known_function_of_pixels_across_all_borders(tmp_path, small):
    image, _ = coordinates(300, 420)
    found = labels_of(write_tiff(tmp_path / "a.tif", image), 0, Sight((96, 80), (64, 50)))
    np.testing.assert_array_equal(found, image.argmax(2))


def test_windows_are_blended_as_numpy_blends_them(tmp_path, small):
    image, _ = coordinates(300, 420)
    way = Sight((96, 80), (64, 50))
    scores = blended(image, 1.0, way)
    found = labels_of(write_tiff(tmp_path / "a.tif", image), 1.0, way)
    first, second = np.sort(scores, axis=0)[[-1, -2]]
    clear = first - second > 1e-4 * first  # single precision decides no closer
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(found[clear], scores.argmax(0)[clear])
    assert (found != image.argmax(2)).mean() > 0.05


def test_the_budget_changes_no_label(tmp_path, monkeypatch):
    image, _ = coordinates(200, 700)
    file, way = write_tiff(tmp_path / "a.tif", image), Sight((96, 80), (64, 50))
    monkeypatch.setattr(raster_labels, "TILE", 64)
    at_once = labels_of(file, 1.0, way)
    monkeypatch.setattr(raster_labels, "BUDGET", 1)
    np.testing.assert_array_equal(labels_of(file, 1.0, way), at_once)


def test_rasters_smaller_than_a_window_are_seen_once(tmp_path):
    image, _ = coordinates(30, 40)
    network = Network(0)
    file = write_tiff(tmp_path / "a.tif", image)
    found = labels_of(file, 0, Sight((96, 80), (64, 50)), network)
    np.testing.assert_array_equal(found, image.argmax(2))
    assert network.seen == [(30, 40)]


def test_where_nothing_has_data_the_network_is_not_asked(tmp_path, small):
    image, _ = coordinates(300, 420)
    image[:, 100:] = 0
    image[:, :100] += 1
    network = Network(0)
    file = write_tiff(tmp_path / "a.tif", image, nodata=0)
    found = labels_of(file, 0, Sight((64, 64), (64, 64)), network)
    np.testing.assert_array_equal(found[:, :100], image[:, :100].argmax(2))
    assert (found[:, 100:] == 255).all()
    assert len(network.seen) < 0.4 * 5 * 7


def test_scores_that_are_not_finite_are_refused_with_the_file(tmp_path):
    image, _ = coordinates(30, 40)
    file = write_tiff(tmp_path / "a.tif", image)
    with pytest.raises(ValueError, match=r"NaN or infinite for 1 image, such as .*a\.tif"):
        labels_of(file, np.nan, Sight((96, 80), (64, 50)))


def test_a_raster_is_seen_as_inference_says():
    assert sight_of(whole, 1024) == Sight((1024, 1024), (682, 682), False)
    way = partial(slide, window=[512, 256], stride=[100, 90], softmax=True)
    assert sight_of(way, 1024) == Sight((512, 256), (100, 90), True)
    assert sight_of(partial(slide, window=[96, 96]), 1024) == Sight((96, 96), (64, 64), False)
    for way in (
        partial(slide, window=[96, 96], context="global"),
        partial(multiscale, scales=[1.0], flip=False),
    ):
        with pytest.raises(ValueError, match="rasters are read by windows; take inference=whole"):
            sight_of(way, 1024)
