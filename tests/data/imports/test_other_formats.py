"""labelme, CVAT and Pascal VOC become the labels that they describe, pixel by pixel."""

import base64
import io

import numpy as np
import pytest
from annotations import (
    HEIGHT,
    WIDTH,
    cvat,
    images,
    imported,
    label,
    labelme,
    labels,
    pairs,
    rectangle,
    shape,
)
from PIL import Image
from written import write

from segadapt.data.label_table.reading import read_table

ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]


def box(left, top, right, bottom):
    return (left <= COLUMNS) & (right > COLUMNS) & (top <= ROWS) & (bottom > ROWS)


def png(mask):
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def test_labelme_shapes(tmp_path):
    bits = np.random.default_rng(0).random((4, 5)) > 0.5
    shapes = [
        shape("b", pairs(rectangle(0, 0, 4, 4))),
        shape("a", [[9, 9], [5, 2]], "rectangle"),
        shape("c", [[12, 6], [12, 9]], "circle"),
        shape("b", [[2, 6], [7, 10]], "mask", mask=png(bits)),
        shape("a", pairs(rectangle(0, 10, 3, 12)), flags={"difficult": True}),
        shape("__ignore__", pairs(rectangle(14, 0, 16, 3))),
    ]
    found = label(imported("labelme", labelme(tmp_path / "s", shapes), tmp_path / "data"))
    expected = np.zeros((HEIGHT, WIDTH), dtype=int)
    expected[box(0, 10, 3, 12) | box(14, 0, 16, 3)] = 255
    expected[box(0, 0, 4, 4)] = 2
    expected[box(5, 2, 9, 9)] = 1
    expected[np.hypot(COLUMNS + 0.5 - 12, ROWS + 0.5 - 6) < 3] = 3
    expected[6:10, 2:7][bits] = 2
    assert (found == expected).all()
    assert read_table(tmp_path / "data" / "classes.yaml").names == ("background", "a", "b", "c")


def test_labelme_finds_the_image_by_the_last_part_of_its_path(tmp_path):
    folder = labelme(tmp_path / "s", [shape("a", pairs(rectangle(0, 0, 4, 4)))])
    labelme(folder, [], path="..\\images\\a.png")
    split = imported("labelme", folder, tmp_path / "data")
    assert list(labels(split)) == ["a.png"]
    assert not label(split).any()


def test_cvat_shapes(tmp_path):
    shapes = """
    <polygon label="car" points="5.00,2.00;9.00,2.00;9.00,9.00;5.00,9.00" z_order="1"/>
    <box label="road" xtl="0" ytl="0" xbr="8" ybr="6" z_order="0"/>
    <box label="road" xtl="10" ytl="1" xbr="12" ybr="5" rotation="90.0" z_order="2"/>
    <ellipse label="car" cx="12" cy="8" rx="3" ry="1.5" z_order="2"/>
    <mask label="road" rle="1, 2, 3" left="1" top="9" width="3" height="2" z_order="2"/>
    <polygon label="car" points="0,11;3,11;3,12;0,12">
      <attribute name="difficult">true</attribute>
    </polygon>
    """
    split = imported("cvat", cvat(tmp_path, shapes), tmp_path / "data")
    expected = np.zeros((HEIGHT, WIDTH), dtype=int)
    expected[box(0, 11, 3, 12)] = 255
    expected[box(0, 0, 8, 6)] = 2
    expected[box(5, 2, 9, 9)] = 1
    expected[box(9, 2, 13, 4)] = 2
    expected[((COLUMNS + 0.5 - 12) / 3) ** 2 + ((ROWS + 0.5 - 8) / 1.5) ** 2 < 1] = 1
    expected[9, 2:4] = 2
    assert (labels(split)["sub/a.png"] == expected).all()
    assert read_table(tmp_path / "data" / "classes.yaml").names == ("background", "car", "road")


def test_a_rotated_box_of_cvat_turns_clockwise(tmp_path):
    """As rotating the corners by hand says: by 30 degrees, y downwards."""
    shapes = '<box label="car" xtl="4" ytl="4" xbr="12" ybr="6" rotation="30"/>'
    split = imported("cvat", cvat(tmp_path, shapes), tmp_path / "data")
    x, y, turn = COLUMNS + 0.5 - 8, ROWS + 0.5 - 5, np.deg2rad(30)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    assert (labels(split)["sub/a.png"] == ((abs(along) < 4) & (abs(across) < 1))).all()


def voc(tmp_path, label, objects=None, difficult=(), labelmap=None, palette=None):
    """VOC's layout of one image."""
    root = tmp_path / "voc"
    images(root / "JPEGImages", "a.png")
    for folder, numbers in (("SegmentationClass", label), ("SegmentationObject", objects)):
        if numbers is not None:
            picture = Image.fromarray(numbers.astype(np.uint8))
            picture.putpalette(palette or PALETTE)
            (root / folder).mkdir()
            picture.save(root / folder / "a.png")
    marks = "".join(f"<object><difficult>{mark}</difficult></object>" for mark in difficult)
    (root / "Annotations").mkdir()
    (root / "Annotations" / "a.xml").write_text(f"<annotation>{marks}</annotation>")
    (root / "ImageSets" / "Segmentation").mkdir(parents=True)
    (root / "ImageSets" / "Segmentation" / "train.txt").write_text("a\r\n")
    if labelmap is not None:
        (root / "labelmap.txt").write_text(labelmap)
    return root


def bits_spread(number):
    """VOC's palette, as its development kit computes it."""
    color = [0, 0, 0]
    for place in range(7, -1, -1):
        for channel in range(3):
            color[channel] |= (number >> channel & 1) << place
        number >>= 3
    return color


PALETTE = [part for number in range(256) for part in bits_spread(number)]


def test_voc_masks_without_difficult_objects(tmp_path):
    numbers = np.random.default_rng(0).choice([0, 1, 20, 255], size=(HEIGHT, WIDTH))
    objects = np.random.default_rng(1).choice([0, 1, 2, 255], size=(HEIGHT, WIDTH))
    source = voc(tmp_path, numbers, objects, difficult=(0, 1))
    found = label(imported("voc", source, tmp_path / "data"))
    assert (found == np.where(objects == 2, 255, numbers)).all()
    table = read_table(tmp_path / "data" / "classes.yaml")
    assert (table.names[0], table.names[20], table.num_classes) == ("background", "tvmonitor", 21)
    assert [values.numbers for values in table.sources] == [(k,) for k in range(21)]
    assert table.ignored.numbers == (255,)
    assert table.palette == tuple(tuple(bits_spread(k)) for k in range(21))


def test_voc_masks_with_colours_of_their_own(tmp_path):
    numbers = np.random.default_rng(0).integers(3, size=(HEIGHT, WIDTH))
    palette = [10, 20, 30, 0, 0, 0, 200, 100, 50]
    labelmap = (
        "# label:color_rgb:parts:actions\ndog:10,20,30::\nbackground:0,0,0::\nvoid:200,100,50::\n"
    )
    source = voc(tmp_path, numbers, labelmap=labelmap, palette=palette)
    found = label(imported("voc", source, tmp_path / "data", ignored=("void",)))
    assert (found == np.array([0, 1, 255])[numbers]).all()
    assert read_table(tmp_path / "data" / "classes.yaml").names == ("dog", "background")
    assert read_table(tmp_path / "data" / "classes.yaml").palette == ((10, 20, 30), (0, 0, 0))


@pytest.mark.parametrize(("color", "wrong"), [("#0a141e", False), ("teal", True)])
def test_cvat_colours_become_those_of_the_table(tmp_path, color, wrong):
    source = cvat(tmp_path, "")
    named = f"<label><name>car</name><color>{color}</color></label>"
    source.write_text(source.read_text().replace("<label><name>car</name></label>", named))
    if wrong:
        with pytest.raises(ValueError, match=r"label 'car': 'teal' is not a colour; write '#rr"):
            imported("cvat", source, tmp_path / "data")
    else:
        imported("cvat", source, tmp_path / "data")
        assert read_table(tmp_path / "data" / "classes.yaml").palette[1] == (10, 20, 30)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"label": np.full((HEIGHT, WIDTH), 21)},
            "holds the colour #804080 on 192 pixels, which is",
        ),
        ({"label": np.zeros((5, 5))}, "has 5 x 5 pixels, but its image has 12 x 16"),
        ({"difficult": (1,)}, r"SegmentationObject/a\.png cannot be read: No such file"),
        ({"labelmap": "a:1,2"}, r"labelmap\.txt: 'a:1,2' is not label:red,green,blue; correct"),
        ({"labelmap": "a:1,2,3\na:1,2,4"}, "repeats a label or a colour"),
        ({"labelmap": "a:1,2,300"}, "or has a colour above 255; correct the line"),
    ],
)
def test_voc_files_that_are_not_in_order_are_refused(tmp_path, changes, sentence):
    source = voc(tmp_path, **{"label": np.zeros((HEIGHT, WIDTH)), **changes})
    with pytest.raises(ValueError, match=sentence):
        imported("voc", source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_mask_that_is_not_a_png_is_refused(tmp_path):
    source = voc(tmp_path, np.zeros((HEIGHT, WIDTH)))
    write(source / "SegmentationClass" / "b.jpg", np.zeros((4, 4), np.uint8))
    (source / "SegmentationClass" / "a.png").write_bytes(
        (source / "SegmentationClass" / "b.jpg").read_bytes()
    )
    with pytest.raises(ValueError, match=r"a\.png"):
        imported("voc", source, tmp_path / "data")
