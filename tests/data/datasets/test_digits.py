import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_sample_images

from segadapt.data.datasets.digits import Digits
from segadapt.data.datasets.digits_material import material


def test_scene_is_a_function_of_seed_split_and_item():
    scenes = Digits("train", 10, 96), Digits("train", 500, 96)
    scenes[0][3]
    one, same = scenes[0][(77, 5)], scenes[1][5]
    assert torch.equal(one.image, same.image)
    assert torch.equal(one.mask, same.mask)
    others = (
        Digits("train", 10, 96)[6],
        Digits("val", 10, 96)[5],
        Digits("train", 10, 96, seed=1)[5],
    )
    assert not any(torch.equal(one.image, other.image) for other in others)


def test_splits_share_no_digit_and_no_part_of_a_photograph():
    train, val = material("train"), material("val")
    numbers = load_digits().target
    np.testing.assert_array_equal(np.concatenate([train.numbers, val.numbers]), numbers)
    assert len(train.digits) + len(val.digits) == len(numbers)
    for whole, *parts in zip(load_sample_images().images, train.photos, val.photos, strict=True):
        np.testing.assert_allclose(np.concatenate(parts, axis=1) * 255, whole, atol=1e-4)


def test_every_class_occurs():
    seen = torch.cat([Digits("val", 60, 96)[i].mask.unique() for i in range(60)])
    assert set(seen.tolist()) == {*range(11), 255}
    assert len(Digits("val", 1, 96).classes) == 11


def test_masks_lie_on_strokes():
    """At difficulty 0 the ink stands out, so that a threshold per scene finds the digits."""
    overlaps = []
    dataset = Digits("train", 30, 96, difficulty=0.0)
    for i in range(30):
        image, mask = dataset[i].image.mean(0).numpy(), dataset[i].mask.numpy()
        digit, paper = (mask > 0) & (mask < 255), mask == 0
        middle = (np.median(image[digit]) + np.median(image[paper])) / 2
        dark = np.median(image[digit]) < middle
        found = (image < middle) == dark
        overlaps.append((found == digit)[mask < 255].mean())
    assert np.median(overlaps) > 0.95


def test_ink_differs_from_scene_to_scene_more_than_within():
    dataset = Digits("train", 40, 96, difficulty=0.2)
    colors, spreads = [], []
    for i in range(40):
        pixels = dataset[i].image[:, (dataset[i].mask > 0) & (dataset[i].mask < 255)]
        colors.append(pixels.mean(1))
        spreads.append(pixels.std(1))
    assert torch.stack(colors).std(0).min() > 2 * torch.stack(spreads).mean(0).max()


@pytest.mark.parametrize("size", [64, 96, 128, 160])
def test_sizes_and_types(size):
    sample = Digits("train", 2, size, difficulty=1.0)[1]
    assert sample.image.shape == (3, size, size)
    assert sample.image.dtype == torch.float32
    assert sample.image.is_contiguous()
    assert sample.mask.shape == (size, size)
    assert sample.mask.dtype == torch.uint8


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"split": "test"}, "Unknown split 'test' of digits. Available: train, val"),
        ({"difficulty": 1.5}, r"difficulty=1\.5 is out of range"),
        ({"size": 32}, "32 pixels cannot be composed"),
    ],
)
def test_impossible_settings_are_refused(changed, words):
    with pytest.raises(ValueError, match=words):
        Digits(**{"split": "train", "length": 1, "size": 96, **changed})
