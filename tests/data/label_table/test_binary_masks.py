"""Masks that hold 1 and 255 are not merged by the word binary."""

import numpy as np
import pytest
from geotiffs import write_tiff
from written import picture, write

from segadapt.data.checks.inspection import inspect
from segadapt.data.checks.quick_check import look_at
from segadapt.data.datasets.folder import Folder
from segadapt.data.label_table.reading import table_of
from segadapt.data.labels import LabelContract
from segadapt.data.transforms.pipelines import EvalTransform

BOTH = r"both 1 and 255, .*write classes\.yaml with .*ignored: 255, .*numbers: \[1, 255\]"


def folder(root, *labels):
    for i, values in enumerate(labels):
        write(root / "train/images" / f"{i}.png", picture(8, 8, i))
        label = np.resize(np.array(values, dtype=np.uint8), (8, 8))
        write(root / "train/labels" / f"{i}.png", label)
    return Folder(root, "train", EvalTransform(), "binary", root / "classes.txt")


def test_a_file_of_both_is_refused_where_it_is_read(tmp_path):
    dataset = folder(tmp_path, (0, 1), (0, 1, 255))
    assert dataset[0].mask.unique().tolist() == [0, 1]
    with pytest.raises(ValueError, match=rf"label .*1\.png holds {BOTH}"):
        dataset[1]
    findings = [finding for one in inspect(dataset) for finding in one.findings]
    assert [finding.file for finding in findings] == ["train/labels/1.png"]


def test_files_of_one_each_are_refused_before_the_first_step(tmp_path):
    dataset = folder(tmp_path, (0, 1), (0, 255))
    with pytest.raises(ValueError, match=rf"the training labels hold {BOTH}"):
        look_at({"training": dataset}, tmp_path / "cache")


@pytest.mark.parametrize("foreground", [1, 255])
def test_masks_of_one_of_them_are_in_order(tmp_path, foreground):
    dataset = folder(tmp_path, (0, foreground), (0,))
    assert look_at({"training": dataset}, tmp_path / "cache")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("[{name: a, numbers: 0}, {name: b, numbers: 1}]\nignored: 255", [0, 1, 255]),
        ("[{name: a, numbers: 0}, {name: b, numbers: [1, 255]}]", [0, 1, 1]),
    ],
)
def test_both_ways_out_are_read(tmp_path, entries, expected):
    contract = LabelContract(table_of(f"classes: {entries}\n", "here"))
    file = write(tmp_path / "a.png", np.array([[0, 1, 255]], dtype=np.uint8))
    assert contract(contract.read(file), file).tolist() == [expected]


def test_windows_of_rasters_are_looked_at_too(tmp_path):
    pytest.importorskip("rasterio")
    for kind, shape in (("images", (32, 32, 3)), ("labels", (32, 32, 1))):
        values = np.resize(np.array([0, 1, 255], dtype=np.uint8), shape)
        write_tiff(tmp_path / "train" / kind / "a.tif", values)
    beside = tmp_path / "classes.txt"
    dataset = Folder(tmp_path, "train", EvalTransform(), "binary", beside, windows=16)
    with pytest.raises(ValueError, match=rf"label .*a\.tif holds {BOTH}"):
        look_at({"training": dataset}, tmp_path / "cache")
