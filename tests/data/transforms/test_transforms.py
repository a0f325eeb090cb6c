import ast
import os
from pathlib import Path

import cv2
import numpy as np
import torch
from written import blocks, picture

import segadapt.data.transforms.albumentations_import
from segadapt.data.sampling import AUGMENTATION, generator_for
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform

SOURCE = Path(segadapt.data.transforms.albumentations_import.__file__).parent
MEAN = np.array([123.675, 116.28, 103.53])
STD = np.array([58.395, 57.12, 57.375])


def plain(**changed):
    """A pipeline without chance: no resize, no flip, no distortion."""
    fixed = {"ratio_range": (1.0, 1.0), "flip": 0.0, "photometric": False}
    return TrainTransform(**{"crop": (32, 32), "scale": (32, 32), **fixed, **changed})


def run(transform, image, mask, position=0):
    pixels, labels = transform(image, mask, generator_for(AUGMENTATION, 0, position))
    return pixels.numpy(), labels.numpy()


def test_steps_stand_in_the_order_of_the_recipe():
    names = [type(step).__name__ for step in TrainTransform((8, 8), (8, 8)).compose.transforms]
    assert names == ["ResizedCrop", "HorizontalFlip", "PhotometricDistortion"]


def test_images_are_normalised_as_rgb():
    image, mask = picture(32, 32), blocks(32, 32, 3)
    pixels, labels = run(plain(), image, mask)
    np.testing.assert_allclose(pixels, ((image - MEAN) / STD).transpose(2, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(labels, mask)


def test_padding_is_the_mean_colour_right_and_below():
    pixels, labels = run(plain(scale=(20, 20)), picture(20, 12), blocks(20, 12, 3))
    assert pixels.shape == (3, 32, 32)
    assert (pixels[:, 20:] == 0).all()
    assert (pixels[:, :, 12:] == 0).all()
    assert (labels[20:] == 255).all()
    assert (labels[:, 12:] == 255).all()
    assert (labels[:20, :12] != 255).all()


def test_all_images_get_the_crop_size():
    transform = TrainTransform((40, 24), (60, 30))
    for shape in [(10, 10), (100, 31), (31, 100), (40, 24), (7, 90)]:
        for position in range(5):
            pixels, labels = run(transform, picture(*shape), blocks(*shape, 4), position)
            assert pixels.shape == (3, 40, 24)
            assert labels.shape == (40, 24)


def test_half_of_the_images_are_mirrored_with_their_labels():
    image, mask = picture(32, 32), blocks(32, 32, 9)
    straight, _ = run(plain(), image, mask)
    flips = 0
    for position in range(400):
        pixels, labels = run(plain(flip=0.5), image, mask, position)
        mirrored = not np.array_equal(pixels, straight)
        np.testing.assert_array_equal(labels, mask[:, ::-1] if mirrored else mask)
        flips += mirrored
    assert abs(flips - 200) < 50  # 5 standard deviations


def test_steps_draw_independent_numbers():
    """albumentations' own seeding would give each step the same ones."""
    image = np.full((32, 32, 3), 100, np.uint8)
    image[:, :16] = 50
    mask = (image[..., 0] // 100).astype(np.uint8)
    table = np.zeros((2, 2))
    for position in range(400):
        pixels, labels = run(plain(flip=0.5, photometric=True), image, mask, position)
        table[labels[0, 0], int(abs(pixels[0, 0].max() - (100 - MEAN[0]) / STD[0]) < 1e-3)] += 1
    odds = table[0] / table.sum(1)[0] - table[1] / table.sum(1)[1]
    assert np.abs(odds).max() < 0.2


def test_the_same_generator_gives_the_same_crop_and_another_another():
    transform = TrainTransform((24, 24), (40, 40))
    image, mask = picture(60, 80), blocks(60, 80, 5)
    first, _ = run(transform, image, mask, 7)
    other, _ = run(transform, image, mask, 8)
    again, _ = run(TrainTransform((24, 24), (40, 40)), image, mask, 7)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_all_ignored_pixels_pass():
    _, labels = run(
        TrainTransform((24, 24), (40, 40)), picture(40, 40), np.full((40, 40), 255, np.uint8)
    )
    assert (labels == 255).all()


def test_tensors_are_contiguous():
    for transform in (TrainTransform((24, 24), (40, 40)), EvalTransform()):
        pixels, labels = transform(
            picture(30, 50), blocks(30, 50, 3), generator_for(AUGMENTATION, 0)
        )
        assert pixels.is_contiguous()
        assert pixels.dtype == torch.float32
        assert labels.dtype == torch.uint8


def test_evaluation_resizes_the_image_alone():
    image, mask = picture(30, 50), blocks(30, 50, 3)
    pixels, labels = run(EvalTransform(scale=(200, 60)), image, mask)
    resized = cv2.resize(image, (100, 60), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(pixels, ((resized - MEAN) / STD).transpose(2, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(labels, mask)
    assert run(EvalTransform(), image, mask)[0].shape == (3, 30, 50)


def imports(module):
    """The package's own modules that importing one of them brings, itself included."""
    tree = ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))
    direct = {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
    own = {name.removeprefix("segadapt.data.transforms.") for name in direct if name}
    own = {name for name in own if (SOURCE / f"{name}.py").is_file()}
    return {module}.union(*(imports(name) for name in own))


def test_only_augmentation_loads_albumentations():
    """It takes seconds, which help texts and data sets without augmentation must not cost."""
    library = "albumentations_import"
    users = {file.stem for file in SOURCE.glob("*.py") if library in imports(file.stem)}
    own = {"resize", "crop", "resized_crop", "raster_crop", "photometric"}
    assert users == {library, *own}


def test_the_library_does_not_look_for_updates():
    assert segadapt.data.transforms.albumentations_import.albumentations.__version__
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"


def test_ssa_resizes_a_second_time_to_multiples():
    image, mask = picture(30, 50), blocks(30, 50, 3)
    pixels, labels = run(EvalTransform(scale=(200, 60), multiple=32), image, mask)
    once = cv2.resize(image, (100, 60), interpolation=cv2.INTER_LINEAR)
    twice = cv2.resize(once, (128, 64), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(pixels, ((twice - MEAN) / STD).transpose(2, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(labels, mask)
