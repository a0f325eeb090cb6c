import io

import numpy as np
import pytest
import yaml
from compositions import composed
from geotiffs import raster_set, write_tiff
from PIL import Image
from rich.console import Console
from written import blocks, picture, write

from segadapt.data.checks.check_dataset import check
from segadapt.data.checks.proposal import grouped, proposed, scan
from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.cityscapes import Cityscapes
from segadapt.data.datasets.voc2012 import VOC2012


def table(tmp_path, *labels, suffix="png", **options):
    files = [write(tmp_path / f"{i}.{suffix}", label, **options) for i, label in enumerate(labels)]
    return yaml.safe_load(proposed(scan(files, 10**6)).text)


def values(content, key="numbers"):
    return [entry[key] for entry in content["classes"]]


def test_numbers_become_classes_and_255_is_ignored(tmp_path):
    label = np.array([[0, 3, 7], [7, 255, 3]], np.uint8)
    content = table(tmp_path, label, label)
    assert values(content) == [[0], [3], [7]]
    assert content["ignored"] == {"numbers": [255]}
    assert content["others"] == "error"


@pytest.mark.parametrize("foreground", [1, 255])
def test_binary_masks_are_recognised(tmp_path, foreground):
    content = table(tmp_path, np.array([[0, foreground]], np.uint8))
    assert [entry["name"] for entry in content["classes"]] == ["background", "foreground"]
    assert values(content) == [[0], [foreground]]


def test_labels_from_one_are_noted(tmp_path):
    files = [write(tmp_path / "a.png", np.array([[1, 2, 4]], np.uint8))]
    notes = proposed(scan(files, 100)).notes
    assert notes == [
        "The classes begin at 1; no label holds 0.",
        "No label holds 3; add values that are rare.",
    ]


def test_16_bits_and_palettes_are_numbers(tmp_path):
    wide = table(tmp_path, np.array([[0, 300, 65_535]], np.uint16))
    assert (values(wide), wide["ignored"]) == ([[0], [300]], {"numbers": [65_535]})
    image = Image.fromarray(blocks(16, 16, 3)).convert("P")
    image.putpalette([9, 8, 7] * 256)
    image.save(tmp_path / "p.png")
    assert scan([tmp_path / "p.png"], 1000).colors == {}
    assert set(scan([tmp_path / "p.png"], 1000).numbers) <= {0, 1, 2}


@pytest.mark.parametrize("source", [VOC2012, Cityscapes, CamVid])
def test_published_palettes_are_recognised(tmp_path, source):
    used = [0, 2, 5, 7]
    colors = [*(source.palette[k] for k in used), (224, 224, 192)]
    content = table(tmp_path, np.array([colors], np.uint8))
    assert [entry["name"] for entry in content["classes"]] == [source.classes[k] for k in used]
    expected = [f"#{bytes(color).hex()}" for color in colors]
    assert values(content, "colors") == [[color] for color in expected[:4]]
    assert content["ignored"] == {"colors": ["#e0e0c0"]}


def test_black_may_mean_that_nothing_is_labelled(tmp_path):
    file = write(tmp_path / "a.png", np.array([[[0, 0, 0], [9, 200, 40]]], np.uint8))
    assert proposed(scan([file], 10)).notes == [
        "If black means that nothing is labelled, move it to ignored."
    ]


def test_colours_that_are_near_are_one(tmp_path):
    label = np.array([[[10, 20, 30]] * 5 + [[12, 18, 30]] + [[13, 20, 30]]], np.uint8)
    content = table(tmp_path, label)
    assert values(content, "colors") == [["#0a141e", "#0c121e"], ["#0d141e"]]
    assert grouped({(0, 0, 0): 3, (2, 2, 2): 1, (0, 0, 3): 2}) == {
        (0, 0, 0): [(0, 0, 0), (2, 2, 2)],
        (0, 0, 3): [(0, 0, 3)],
    }


def test_jpeg_labels_list_what_is_frequent(tmp_path):
    label = np.zeros((64, 64, 3), np.uint8)
    label[:, 32:] = [200, 30, 90]
    content = table(tmp_path, label, suffix="jpg", quality=90)
    assert len(content["classes"]) <= 4


def test_what_is_no_label_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(256, size=(100, 100, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="more than 4096 different values, so these are not clas"):
        table(tmp_path, noise)
    with pytest.raises(ValueError, match="some labels hold numbers and others colours"):
        table(tmp_path, noise[:2, :2], noise[:2, :2, 0])


def test_colours_of_16_bits_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.full((4, 4, 3), 300, np.uint16))
    with pytest.raises(ValueError, match=r"a\.npy holds an array of uint16 and .*colours of uint8"):
        scan([tmp_path / "a.npy"], 100, None)


def test_check_data_writes_the_table_and_ends(tmp_path):
    for i in range(2):
        write(tmp_path / f"set/train/images/{i}.png", picture(8, 8, i))
        write(tmp_path / f"set/train/masks/{i}.png", np.array([[0, 255]] * 4, np.uint8))
    words = [f"data.root={tmp_path}/set", f"out={tmp_path}/out", "data.num_classes=2"]
    out = Console(file=io.StringIO(), width=200)
    assert check(composed("data=folder", *words, name="check_data"), out) == 1
    shown = out.file.getvalue()
    assert "has no label table; this is what 2 training labels hold:" in shown
    content = yaml.safe_load((tmp_path / "out/classes.yaml").read_text())
    assert values(content) == [[0], [255]]
    assert not (tmp_path / "set/classes.yaml").exists()


def test_rasters_are_counted_by_windows(tmp_path):
    label = np.random.default_rng(0).integers(3, size=(150, 200), dtype=np.uint8) * 40
    label[:20] = 9
    levels = np.array([label, label // 2, 255 - label]).transpose(1, 2, 0)
    number, color = (
        write_tiff(tmp_path / name, array, nodata=nodata, **settings)
        for name, array, nodata, settings in (
            ("number.tif", label, 9, {}),
            ("color.tif", levels, None, {"photometric": "RGB"}),
        )
    )
    with pytest.raises(ValueError, match=r"data\.max_pixels=1000; .*data\.windows=1024"):
        scan([number], 1000)
    for side in (64, 199):
        expected = dict(zip(*np.unique(label[20:], return_counts=True), strict=True))
        assert scan([number, number], 1000, windows=side).numbers == {
            value: 2 * pixels for value, pixels in expected.items()
        }
        colors, counts = np.unique(levels.reshape(-1, 3), axis=0, return_counts=True)
        found = scan([color], 1000, windows=side).colors
        assert found == dict(zip(map(tuple, colors.tolist()), counts.tolist(), strict=True))


def test_check_data_proposes_the_table_of_rasters(tmp_path):
    raster_set(tmp_path / "set")
    (tmp_path / "set/classes.txt").unlink()
    words = [f"data.root={tmp_path}/set", f"out={tmp_path}/out", "data.num_classes=2"]
    words += ["data.windows=64", "data.max_pixels=100"]
    check(composed("data=folder", *words, name="check_data"), Console(file=io.StringIO()))
    content = yaml.safe_load((tmp_path / "out/classes.yaml").read_text())
    assert values(content) == [[0], [1], [2]]
