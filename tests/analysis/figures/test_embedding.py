import numpy as np
import pytest
from networks_looked_at import network, sample
from sklearn.manifold import trustworthiness

from segadapt.analysis.figures.embedding import (
    ADAPTED,
    FIXED,
    PIXEL,
    Points,
    balanced,
    embed,
    embed_by_umap,
    embedding_figure,
    frequent,
    gather,
)
from segadapt.analysis.figures.image_prototypes import image_prototypes
from segadapt.data.palette import palette


def test_every_class_gives_as_many_pixels():
    labels = np.repeat([0, 1, 2, 255], [900, 50, 7, 100])
    chosen = balanced(labels, [0, 1, 2], 20, seed=3)
    assert np.bincount(labels[chosen]).tolist() == [20, 20, 7]
    assert len(set(chosen.tolist())) == len(chosen)
    assert np.array_equal(chosen, balanced(labels, [0, 1, 2], 20, seed=3))
    assert not np.array_equal(chosen, balanced(labels, [0, 1, 2], 20, seed=4))


def test_an_adapted_prototype_for_each_image_that_shows_its_class():
    model = network("cac")
    found = image_prototypes(model, [sample("a"), sample("bb", classes=2)])
    points = gather(found, [0, 1, 2], per_class=5)
    assert points.classes[points.kinds == FIXED].tolist() == [0, 1, 2]
    assert points.classes[points.kinds == ADAPTED].tolist() == [0, 1, 2, 0, 1]
    assert np.bincount(points.classes[points.kinds == PIXEL]).tolist() == [5, 5, 5]
    np.testing.assert_allclose((points.vectors**2).sum(1), 1)
    own = found[1].student[1].double().numpy()
    np.testing.assert_allclose(points.vectors[-1], own / np.sqrt(own @ own), atol=1e-6)


def test_the_classes_of_the_most_images_are_shown():
    found = image_prototypes(
        network("fixed"), [sample("a"), sample("bb", classes=2), sample("c", classes=1)]
    )
    assert frequent(found) == [0, 1, 2]
    assert frequent(found, 2) == [0, 1]


def test_the_plane_keeps_neighbours_and_repeats():
    generator = np.random.default_rng(0)
    centers = np.repeat(np.eye(3, 8), 20, axis=0)
    vectors = centers + 0.05 * generator.standard_normal((60, 8))
    points = Points(vectors, np.repeat([0, 1, 2], 20), np.zeros(60, dtype=np.int64))
    plane = embed(points, seed=1)
    assert trustworthiness(vectors, plane, n_neighbors=5) > 0.85
    assert np.array_equal(plane, embed(points, seed=1))
    figure = embedding_figure(points, plane, ["a", "b", "c"], palette(3))
    assert {text.get_text() for text in figure.legends[0].texts} == {
        *("a", "b", "c"),
        "pixel",
    }


@pytest.mark.slow  # numba compiles
def test_umap_keeps_neighbours_too():
    pytest.importorskip("umap")
    generator = np.random.default_rng(0)
    centers = np.repeat(np.eye(3, 8), 20, axis=0)
    vectors = centers + 0.05 * generator.standard_normal((60, 8))
    points = Points(vectors, np.repeat([0, 1, 2], 20), np.zeros(60, dtype=np.int64))
    assert trustworthiness(vectors, embed_by_umap(points, seed=1), n_neighbors=5) > 0.8


def test_without_umap_the_way_to_it_is_said(monkeypatch):
    monkeypatch.setattr("segadapt.analysis.figures.optional_packages.find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"umap-learn: .*uv pip install --python .* -e .*\[figures\]"
    ):
        embed_by_umap(Points(np.eye(3), np.arange(3), np.zeros(3, dtype=np.int64)))
