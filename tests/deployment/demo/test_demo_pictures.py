"""Pictures of the page, decoded by Pillow."""

import base64
import io

import matplotlib
import numpy as np
import pytest
from deployed import scene
from PIL import Image

from segadapt.data.palette import palette
from segadapt.deployment.demo.pictures import (
    changed_source,
    classes_source,
    confidence_source,
    photograph_source,
    scale_colors,
)


def opened(source, kind):
    head, _, content = source.partition(",")
    assert head == f"data:image/{kind};base64"
    return np.array(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA"))


@pytest.mark.parametrize(
    ("classes", "kind"), [(200, np.uint8), (256, np.uint16), (257, np.uint16), (400, np.uint16)]
)
def test_classes_have_their_colours(classes, kind):
    labels = (np.arange(60 * 90).reshape(60, 90) % classes).astype(kind)
    colors = palette(classes)
    shown = opened(classes_source(labels, colors), "png")
    np.testing.assert_array_equal(shown[..., :3], colors[labels])


def test_only_what_changed_is_striped():
    changed = np.random.default_rng(0).random((300, 480)) < 0.3
    shown = opened(changed_source(changed), "png")
    assert (shown[~changed][:, 3] == 0).all()
    orange, black = ((shown == (*color, 255)).all(axis=2) for color in ((230, 120, 0), (0, 0, 0)))
    assert np.array_equal(orange | black, changed)
    rows = np.arange(300) // 4 % 2 == 0  # stripes of four rows
    assert np.array_equal(orange, changed & rows[:, None])


def test_confidence_is_viridis():
    confidence = np.repeat(np.linspace(0, 1, 8, dtype=np.float16), 40)[None].repeat(64, 0)
    shown = opened(confidence_source(confidence), "jpeg")[..., :3].astype(float)
    expected = matplotlib.colormaps["viridis"](confidence.astype(float))[..., :3] * 255
    inner = np.abs(shown - expected)[8:-8, 16::40]  # away from edges, which JPEG blurs
    assert inner.max() < 12
    ends = [matplotlib.colormaps["viridis"](value, bytes=True)[:3] for value in (0.0, 1.0)]
    for text, color in zip(scale_colors()[:: len(scale_colors()) - 1], ends, strict=True):
        found = [int(part) for part in text[4:-1].split(",")]
        assert np.abs(np.array(found) - np.array(color, int)).max() <= 3


def test_large_photographs_are_shown_smaller_and_small_ones_as_they_are():
    assert opened(photograph_source(scene(64, 2560)), "jpeg").shape[:2] == (32, 1280)
    small = scene(64, 48)
    shown = opened(photograph_source(small), "jpeg")[..., :3].astype(int)
    assert shown.shape == small.shape
    assert np.abs(shown - small).mean() < 12
