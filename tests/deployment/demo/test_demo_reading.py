"""What the page says of pixels, against torch's own arithmetic and against loops."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from deployed import scene, write_run

import segadapt
from segadapt.deployment.demo import reading
from segadapt.deployment.demo.reading import BUDGET, Grid, read, spacing, top_classes
from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction_files.work import Network
from segadapt.functional.normalization import MEAN, STD

SIZE = (52, 75)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("runs"), {}
    for classifier in ("fixed", "cac"):
        words = ("data=camvid", "data.crop=[32,32]", f"classifier={classifier}")
        model = segadapt.load(write_run(folder / classifier, *words), device="cpu")
        made[classifier] = Network(classifier, model, model.predictor())
    return made


def probabilities(network, image):
    """Those of both branches for all pixels, from the network itself."""
    planes = (image / 255 - np.array(MEAN)) / np.array(STD)
    with torch.no_grad():
        prediction = network.model.trained.network(
            torch.from_numpy(planes.transpose(2, 0, 1)[None]).float()
        )
    return [
        F.interpolate(branch.logits, SIZE, mode="bilinear").softmax(1)[0].numpy()
        for branch in (prediction.student, prediction.coarse)
        if branch is not None
    ]


def test_a_pixel_has_the_classes_and_scores_of_its_network(networks):
    image = scene(*SIZE)
    found = read(networks["cac"], Photograph(image, "scene"))
    after, before = probabilities(networks["cac"], image)
    assert found.scores.grid.every == 1
    for pixel in ((0, 0), (17, 40), (51, 74)):
        place, index = found.scores.grid.nearest(pixel)
        assert place == index == pixel
        expected = set(np.argsort(-after[:, *pixel])[:3]) | set(np.argsort(-before[:, *pixel])[:3])
        shown = top_classes(found.scores, index, 3)
        assert {score.number for score in shown} == expected
        assert [score.after for score in shown] == sorted((s.after for s in shown), reverse=True)
        for score in shown:
            assert score.after == pytest.approx(after[score.number, *pixel], abs=2e-3)
            assert score.before == pytest.approx(before[score.number, *pixel], abs=2e-3)


def test_maps_are_those_of_a_prediction(networks):
    image = scene(*SIZE)
    found = read(networks["cac"], Photograph(image, "scene"))
    result = networks["cac"].model.predict(image)
    np.testing.assert_array_equal(found.labels, result.labels)
    np.testing.assert_array_equal(found.confidence, result.confidence)
    np.testing.assert_array_equal(found.labels != found.coarse, result.changed)


def test_a_classifier_that_does_not_adapt_has_nothing_before(networks):
    found = read(networks["fixed"], Photograph(scene(*SIZE), "scene"))
    assert (found.coarse, found.scores.before) == (None, None)
    assert all(score.before is None for score in top_classes(found.scores, (3, 4)))
    assert len(top_classes(found.scores, (3, 4))) == 5


def test_classes_beyond_256_keep_their_numbers(tmp_path):
    words = ("data=synthetic", "data.num_classes=300", "data.crop=[32,32]", "classifier=cac")
    names = [f"class {number}" for number in range(300)]
    model = segadapt.load(write_run(tmp_path / "run", *words, classes=names), device="cpu")
    image = scene(*SIZE)
    found = read(Network("many", model, model.predictor()), Photograph(image, "scene"))
    result = model.predict(image)
    assert found.labels.max() > 255
    np.testing.assert_array_equal(found.labels, result.labels)
    np.testing.assert_array_equal(found.labels != found.coarse, result.changed)


def test_a_small_budget_keeps_the_scores_of_a_grid(networks, monkeypatch):
    image = scene(*SIZE)
    monkeypatch.setattr(reading, "BUDGET", 2 * 11 * 13 * 19)
    found = read(networks["cac"], Photograph(image, "scene"))
    after, before = probabilities(networks["cac"], image)
    assert found.scores.grid.every == 4
    assert found.scores.after.shape == (11, 13, 19)
    assert found.labels.shape == SIZE
    for pixel in ((0, 0), (30, 31), (51, 74)):
        place, index = found.scores.grid.nearest(pixel)
        np.testing.assert_allclose(found.scores.after[:, *index], after[:, *place], atol=2e-3)
        np.testing.assert_allclose(found.scores.before[:, *index], before[:, *place], atol=2e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (52, 75), (9, 2)])
@pytest.mark.parametrize("every", [1, 2, 3, 7, 400])
def test_the_nearest_pixel_of_a_grid_by_loops(size, every):
    grid = Grid(size, every)
    kept = [range(size[0])[grid.rows], range(size[1])[grid.columns]]
    assert all(kept)
    for pixel in {(0, 0), (size[0] - 1, size[1] - 1), (size[0] // 2, size[1] // 3)}:
        place, index = grid.nearest(pixel)
        assert place == (kept[0][index[0]], kept[1][index[1]])
        for axis in (0, 1):
            distances = [abs(value - pixel[axis]) for value in kept[axis]]
            assert abs(place[axis] - pixel[axis]) == min(distances)


@pytest.mark.parametrize("pixel", [(-1, 0), (0, 75), (52, 0)])
def test_a_pixel_outside_is_refused(pixel):
    with pytest.raises(ValueError, match="outside of the image of 52 x 75 pixels"):
        Grid(SIZE).nearest(pixel)


@pytest.mark.parametrize(
    ("size", "classes"),
    [((720, 960), 11), ((4000, 4000), 150), ((1, 16_000_000), 171), ((683, 512), 150)],
)
def test_scores_are_as_dense_as_the_budget_allows(size, classes):
    def taken(every):
        return 2 * classes * -(-size[0] // every) * -(-size[1] // every)

    every = spacing(size, classes)
    assert taken(every) <= BUDGET
    assert every == 1 or taken(every - 1) > BUDGET
