"""Data sets of large rasters, against numpy slices of the whole arrays."""

import cv2
import numpy as np
import pytest
import torch
from geotiffs import coordinates, raster_set, write_tiff
from torch.utils.data import DataLoader

from segadapt.data.checks.check_dataset import tiles
from segadapt.data.checks.first_look import first_look
from segadapt.data.checks.inspection import inspect
from segadapt.data.checks.label_census import label_census
from segadapt.data.checks.quick_check import look_at, mistakes
from segadapt.data.checks.statistics import measure
from segadapt.data.datasets.folder import Folder
from segadapt.data.sampling import StepBatchSampler
from segadapt.data.transforms.normalization import MEAN, STD
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform
from segadapt.data.transport import collate
from segadapt.data.workers import start_worker

pytest.importorskip("rasterio")
CROP = (48, 64)


def training(root, **settings):
    chosen = {"ratio_range": (1, 1), "flip": 0, "photometric": False, **settings}
    transform = TrainTransform(CROP, (2048, 512), **chosen)
    return Folder(root, "train", transform, None, root / "classes.txt", windows=128)


def validation(root, windows=128, **settings):
    transform = EvalTransform((2048, 512))
    return Folder(root, "val", transform, None, root / "classes.txt", windows=windows, **settings)


def seen(sample):
    """The pixels of a network input."""
    image = sample.image.numpy().transpose(1, 2, 0)
    return (255 * (image * STD + MEAN)).round().astype(int)


def corner(pixels):
    """Where a crop of :func:`coordinates` begins."""
    row, column, far = pixels[0, 0]
    return far // 16 * 251 + row, far % 16 * 251 + column


def test_an_epoch_has_a_crop_for_each_part_of_the_size_of_one(tmp_path):
    raster_set(tmp_path, 300, 420)
    assert len(training(tmp_path)) == -(-300 // 48) * -(-420 // 64)


def test_crops_are_slices_of_the_whole_raster_around_their_cells(tmp_path):
    image, label = raster_set(tmp_path)
    data = training(tmp_path)
    for item in range(0, len(data), 3):
        sample = data[(1000 + item, item)]
        top, left = corner(seen(sample))
        place = slice(top, top + 48), slice(left, left + 64)
        np.testing.assert_array_equal(seen(sample), image[place])
        np.testing.assert_array_equal(sample.mask, label[place])
        cell = data.parts[item].box
        middle = np.array([top + 24, left + 32])
        inside = (middle >= cell[:2]) & (middle < np.add(cell[:2], cell[2:]))
        edges = [top in (0, 300 - 48), left in (0, 420 - 64)]
        assert (inside | edges).all()


@pytest.mark.parametrize("ratio", [0.5, 0.8, 2.0])
def test_a_ratio_reads_a_window_of_another_size(tmp_path, ratio):
    image, label = raster_set(tmp_path)
    data = training(tmp_path, ratio_range=(ratio, ratio))
    sample = data[(7, 20)]
    height, width = round(48 / ratio), round(64 / ratio)
    matches = 0
    for top in range(300 - height + 1):
        for left in range(420 - width + 1):
            part = label[top : top + height, left : left + width]
            mask = cv2.resize(part, (64, 48), interpolation=cv2.INTER_NEAREST)
            if np.array_equal(mask, sample.mask):
                whole = image[top : top + height, left : left + width]
                expected = cv2.resize(whole, (64, 48), interpolation=cv2.INTER_LINEAR)
                matches += np.array_equal(expected, seen(sample))
    assert matches == 1


def test_rasters_smaller_than_a_crop_are_filled_with_ignored_pixels(tmp_path):
    _image, label = raster_set(tmp_path, 30, 100)
    sample = training(tmp_path)[(0, 0)]
    assert sample.image.shape == (3, 48, 64)
    assert (sample.mask[30:] == 255).all()
    assert (sample.image[:, 30:] == 0).all()
    left = corner(seen(sample))[1]
    np.testing.assert_array_equal(sample.mask[:30], label[:, left : left + 64])


def test_samples_are_functions_of_the_count_whoever_loads_them(tmp_path):
    raster_set(tmp_path)
    data = training(tmp_path, ratio_range=(0.5, 2), flip=0.5, photometric=True)

    def batches(dataset, start, workers):
        order = StepBatchSampler(len(dataset), 4, 3, 6, start)
        loader = DataLoader(
            dataset,
            batch_sampler=order,
            num_workers=workers,
            collate_fn=collate,
            worker_init_fn=start_worker,
        )
        return list(loader)

    whole = batches(data, 0, 0)
    for start, workers in ((0, 2), (4, 0)):  # by processes, and resumed after step 4
        again = batches(
            training(tmp_path, ratio_range=(0.5, 2), flip=0.5, photometric=True), start, workers
        )
        for one, other in zip(whole[start:], again, strict=True):
            assert torch.equal(one.image, other.image)
            assert torch.equal(one.mask, other.mask)
            assert one.name == other.name


def test_windows_without_labels_are_drawn_again_elsewhere(tmp_path):
    image, label = coordinates(300, 420)
    write_tiff(
        tmp_path / "train/images/a.tif", np.where(np.arange(420)[:, None] < 300, 0, image), nodata=0
    )
    write_tiff(tmp_path / "train/labels/a.tif", label)
    (tmp_path / "classes.txt").write_text("one\ntwo\nthree\n")
    for ratio in (0.75, 1.0):
        data = training(tmp_path, cat_max_ratio=ratio)
        shares = [
            float((data[(item, item)].mask != 255).float().mean()) for item in range(len(data))
        ]
        assert min(shares) > 0


def test_a_raster_without_labels_ends_the_search(tmp_path):
    image, label = coordinates(100, 100)
    write_tiff(tmp_path / "train/images/a.tif", image)
    write_tiff(tmp_path / "train/labels/a.tif", np.full_like(label, 255))
    (tmp_path / "classes.txt").write_text("one\ntwo\nthree\n")
    assert (training(tmp_path)[(0, 0)].mask == 255).all()


def test_validation_sees_every_pixel_once_as_it_is_stored(tmp_path):
    image, label = raster_set(tmp_path)
    data, seen_image, seen_label = validation(tmp_path), np.zeros_like(image), np.zeros_like(label)
    for item in range(len(data)):
        sample, box = data[item], data.parts[item].box
        place = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        assert sample.name == f"val/images/scene.tif{box}"
        seen_image[place] += seen(sample).astype(np.uint8)
        seen_label[place] += sample.mask.numpy()
    np.testing.assert_array_equal(seen_image, image)
    np.testing.assert_array_equal(seen_label, label)


def test_nodata_of_image_and_label_is_ignored(tmp_path):
    image, label = coordinates(100, 130)
    values = image.astype(np.float32) / 2
    values[10:20, 30:50] = np.nan
    values[40:50, 30:50, 1] = np.nan  # other bands have data
    numbers = label.astype(np.int16)
    numbers[60:70] = -9999
    write_tiff(tmp_path / "val/images/a.tif", values, nodata=np.nan)
    write_tiff(tmp_path / "val/labels/a.tif", numbers, nodata=-9999)
    (tmp_path / "classes.txt").write_text("one\ntwo\nthree\n")
    data = validation(tmp_path, windows=64, depth="float", limits=(0.0, 255.0))
    expected = label.copy()
    expected[10:20, 30:50] = expected[60:70] = 255
    total = 0
    for part, item in zip(data.parts, range(len(data)), strict=True):
        box = part.box
        place = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        np.testing.assert_array_equal(data[item].mask, expected[place])
        tally = data.reading.tally(part)
        np.testing.assert_array_equal(
            tally.classes, np.bincount(expected[place].ravel(), minlength=256)[:3]
        )
        assert tally.ignored == (expected[place] == 255).sum()
        assert not tally.unknown
        total += len(data.reading.values(part))
    assert total == np.isfinite(values).all(2).sum()


def test_windows_without_any_data_are_looked_at_like_others(tmp_path):
    image, label = raster_set(tmp_path)
    image[:, :250] = 255
    for split in ("train", "val"):
        write_tiff(tmp_path / split / "images/scene.tif", image, nodata=255)
    train, val = training(tmp_path), validation(tmp_path, 64)
    census = label_census(train, tmp_path / "cache")
    np.testing.assert_array_equal(census.pixels, np.bincount(label[:, 250:].ravel()))
    assert census.ignored == 300 * 250
    assert sum(look.ignored for look in inspect(val)) == 300 * 250
    measured = measure(val.parts, val.reading.values, val.form)
    np.testing.assert_allclose(measured.mean, image[:, 250:].reshape(-1, 3).mean(0) / 255)
    assert (val[0].mask == 255).all()
    assert (tiles(val, 0)[0].image == 0).all()
    findings = first_look({"train": train}, "train")
    assert not findings
    write_tiff(tmp_path / "val/images/scene.tif", np.full_like(image, 255), nodata=255)
    with pytest.raises(ValueError, match="no image has a pixel with data, so nothing can be"):
        measure(val.parts, val.reading.values, val.form)


def test_checks_count_by_windows_what_numpy_counts_of_the_whole(tmp_path):
    image, label = raster_set(tmp_path)
    train, val = training(tmp_path), validation(tmp_path)
    census = label_census(train, tmp_path / "cache")
    np.testing.assert_array_equal(census.pixels, np.bincount(label.ravel()))
    assert census.ignored == 0
    assert len(census.classes) == len(train)
    looks = list(inspect(val))
    assert not any(look.findings for look in looks)
    np.testing.assert_array_equal(sum(look.classes for look in looks), np.bincount(label.ravel()))
    measured = measure(val.parts, val.reading.values, val.form)
    np.testing.assert_allclose(measured.mean, image.reshape(-1, 3).mean(0) / 255)
    np.testing.assert_allclose(measured.std, image.reshape(-1, 3).std(0) / 255)
    assert [notice.name for notice in first_look({"train": train}, "train")] == []
    lines = look_at({"training": train, "val": val}, tmp_path / "cache", allow=["shared_files"])
    assert lines is not None
    assert "1 training and 1 val images" in lines
    row = tiles(val, 3)
    np.testing.assert_array_equal(row[0].image, image[val.parts[3].box.top :][:100, 315:420])


def test_labels_of_another_grid_are_named(tmp_path):
    _image, label = raster_set(tmp_path)
    write_tiff(tmp_path / "val/labels/scene.tif", label[:-1])
    (sentence,) = mistakes(validation(tmp_path))
    assert "has 300 x 420 pixels, but its label" in sentence
    assert "299 x 420" in sentence
    with pytest.raises(ValueError, match="both must have the same size"):
        validation(tmp_path)[0]


def test_numbers_that_mean_nothing_are_named_with_their_file(tmp_path):
    _image, label = raster_set(tmp_path)
    label[200, 300] = 9
    write_tiff(tmp_path / "val/labels/scene.tif", label)
    with pytest.raises(ValueError, match=r"labels/scene\.tif holds 9 on 1 pixels"):
        [validation(tmp_path)[item] for item in range(12)]


def test_palettes_and_colours_are_read_as_whole_files_are(tmp_path):
    _, label = raster_set(tmp_path)
    write_tiff(
        tmp_path / "val/labels/scene.tif", label, colors={0: (9, 9, 9), 1: (8, 8, 8), 2: (7, 7, 7)}
    )
    np.testing.assert_array_equal(validation(tmp_path, 512)[0].mask, label)
    colors = np.array([(9, 0, 0), (0, 9, 0), (0, 0, 9)], dtype=np.uint8)
    write_tiff(tmp_path / "val/labels/scene.tif", colors[label], photometric="RGB")
    table = "classes:\n" + "".join(
        f"  - {{name: {name}, colors: [[{','.join(map(str, color))}]]}}\n"
        for name, color in zip("abc", colors.tolist(), strict=True)
    )
    (tmp_path / "classes.txt").unlink()
    (tmp_path / "classes.yaml").write_text(table)
    np.testing.assert_array_equal(validation(tmp_path, 512)[0].mask, label)


def test_strips_are_said_to_be_slow(tmp_path):
    raster_set(tmp_path, 100, 900, tile=None)
    assert any("1 rasters have strips and not tiles" in note for note in validation(tmp_path).notes)


def test_images_too_large_are_told_how_to_be_read(tmp_path):
    raster_set(tmp_path)
    data = validation(tmp_path, windows=None, max_pixels=1000)
    with pytest.raises(ValueError, match=r"more than data\.max_pixels=1000; .*data\.windows=1024"):
        data[0]
