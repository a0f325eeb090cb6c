"""Against numpy on all values at once."""

import numpy as np
import pytest

from segadapt.data.checks.statistics import measure
from segadapt.data.files.decode import read_values
from segadapt.data.files.image_format import ImageFormat
from segadapt.data.files.pairs import Pair
from segadapt.data.reading import Part

RNG = np.random.default_rng(0)


def measured(files, form):
    def values(part):
        return read_values(part.pair.image, 10**6, form).reshape(-1, form.channels)

    return measure([Part(Pair(file, file)) for file in files], values, form)


def saved(folder, arrays):
    for i, array in enumerate(arrays):
        np.save(folder / f"{i}.npy", array)
    return sorted(folder.iterdir())


def every(arrays, channels):
    return np.concatenate([a.reshape(-1, channels) for a in arrays]).astype(np.float64)


def test_8_bits_are_fractions_of_255(tmp_path):
    arrays = [RNG.integers(k, 200, (5 + k, 7, 2), dtype=np.uint8) for k in range(4)]
    found = measured(saved(tmp_path, arrays), ImageFormat(2))
    whole = every(arrays, 2) / 255
    assert found.range is None
    np.testing.assert_allclose(found.mean, whole.mean(0))
    np.testing.assert_allclose(found.std, whole.std(0))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_the_range_cuts_a_thousandth_at_both_ends(tmp_path, dtype):
    arrays = [RNG.normal(2000, 300, (60, 70, 3)).clip(0).astype(dtype) for _ in range(3)]
    depth = 16 if dtype == np.uint16 else "float"
    found = measured(saved(tmp_path, arrays), ImageFormat(3, depth))
    whole = every(arrays, 3)
    low, high = np.quantile(whole, (0.001, 0.999))
    assert found.range is not None
    np.testing.assert_allclose(found.range, (low, high), atol=2)
    scaled = ((whole - found.range[0]) / np.diff(found.range)).clip(0, 1)
    np.testing.assert_allclose(found.mean, scaled.mean(0), atol=1e-4)
    np.testing.assert_allclose(found.std, scaled.std(0), atol=1e-4)


def test_a_range_that_is_given_is_kept(tmp_path):
    arrays = [RNG.integers(0, 5000, (6, 7, 1), dtype=np.uint16)]
    found = measured(saved(tmp_path, arrays), ImageFormat(1, 16, (100.0, 4000.0)))
    scaled = ((every(arrays, 1) - 100) / 3900).clip(0, 1)
    assert found.range == (100, 4000)
    np.testing.assert_allclose(found.mean, scaled.mean(0))


def test_images_of_one_value_have_no_range(tmp_path):
    files = saved(tmp_path, [np.full((4, 4), 7, np.uint16)])
    with pytest.raises(ValueError, match="all images hold 7 alone"):
        measured(files, ImageFormat(1, 16))
