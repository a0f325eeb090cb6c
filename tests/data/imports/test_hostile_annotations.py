"""Annotation files of any kind end in one sentence that names file and annotation."""

import json
import math

import numpy as np
import pytest
from annotations import (
    HEIGHT,
    WIDTH,
    annotation,
    coco,
    cvat,
    images,
    imported,
    label,
    labelme,
    pairs,
    rectangle,
    rle,
    shape,
)
from PIL import Image
from written import write

BOX = [rectangle(3, 2, 9, 7)]


def refused(form, source, tmp_path, expected, **more):
    """The import ends with this sentence, and leaves nothing."""
    with pytest.raises(ValueError, match=expected) as error:
        imported(form, source, tmp_path / "data", **more)
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 600
    assert not (tmp_path / "data").exists()
    assert not list(tmp_path.glob(".*"))


def counts(runs, size=(HEIGHT, WIDTH)):
    return {"counts": runs, "size": list(size)}


ANNOTATIONS = {
    "nan": ([[3, 2, math.nan, 2, 9, 7]], "annotation 1: the coordinate nan is not within"),
    "inf": ([[3, 2, math.inf, 2, 9, 7]], "annotation 1: the coordinate inf is not within"),
    "far": ([[3, 2, 1e300, 2, 9, 7]], r"1: the coordinate 1e\+300 is not within 1,000,000 pixels"),
    "text": ([[3, 2, "9", 2, 9, 7]], "annotation 1: the coordinate '9' is not a number"),
    "true": ([[3, 2, True, 2, 9, 7]], "annotation 1: the coordinate True is not a number"),
    "odd": ([[3, 2, 9, 2, 9]], "annotation 1: a polygon of 5 numbers; give x and y of three"),
    "line": ([[3, 2, 9, 2]], "annotation 1: a polygon of 4 numbers; give x and y of three"),
    "ring": ([7], "annotation 1: a polygon of 7; give x and y of three vertices"),
    "none": (None, "annotation 1: segmentation is missing; give polygons, or run lengths"),
    "empty": ([], "annotation 1: segmentation is empty; give polygons"),
    "huge": (counts([10**30]), r"annotation 1: a run of 10{30} pixels; correct its counts"),
    "wrap": (counts([2**62] * 4 + [0, 192]), "annotation 1: a run of 4611686018427387904 pixels"),
    "long": (counts([2**39]), "annotation 1: a run of 549755813888 pixels for an image of 16 x"),
    "less": (counts([5]), "annotation 1: runs of 5 pixels for an image of 16 x 12; correct"),
    "minus": (counts([-1, 193]), "annotation 1: a run of -1 pixels; correct its counts"),
    "float": (counts([192.0]), "annotation 1: a run of 192.0 pixels; correct its counts"),
    "size": (counts([6], (2, 3)), "its run lengths are of 2 x 3 pixels, but the image has 12 x 16"),
    "side": (counts([6], (2, 3, 4)), r"annotation 1: size is a list; give \[height, width\]"),
    "zero": (counts([6], (0, 3)), "annotation 1: height is 0; give a whole number of 1 or more"),
    "packed": (counts("\u00fc\n\x00"), "annotation 1: damaged run lengths"),
    "never": (counts("o" * 999), "annotation 1: damaged run lengths"),
}


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_segmentations(tmp_path, name):
    segmentation, expected = ANNOTATIONS[name]
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", [annotation(1, 1, segmentation)])
    refused("coco", source, tmp_path, f"s.json: .*{expected}")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"category_id": 9}, "annotation 1 is of category 9, which is not listed; correct it"),
        ({"category_id": [1]}, "annotation 1: category_id is a list; give a number or a text"),
        ({"image_id": 9}, "annotation 1 is of image 9, which is not listed; correct it"),
        ({"id": None}, "annotation number 1: id is missing; give a number or a text"),
        ({"iscrowd": 7}, "annotation 1: iscrowd is 7; write 0 or 1"),
        ({"iscrowd": [1]}, "annotation 1: iscrowd is a list; write 0 or 1"),
    ],
)
def test_annotations(tmp_path, change, expected):
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", [{**annotation(1, 1, BOX), **change}])
    refused("coco", source, tmp_path, expected)


def changed(tmp_path, act, annotations=()):
    """A COCO file in which something was changed."""
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", list(annotations))
    content = json.loads(source.read_text())
    act(content)
    source.write_text(json.dumps(content))
    return source


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda c: c.pop("images"), "s.json has no list 'images'; export the annotations again"),
        (lambda c: c.update(annotations={}), "s.json has no list 'annotations'"),
        (lambda c: c["images"].append(3), r"s.json: images\[1\] is 3, not an object"),
        (
            lambda c: c["images"].append(c["images"][0]),
            "image 1 occurs twice; give each a unique id",
        ),
        (
            lambda c: c["categories"][1].update(id=1),
            "category 1 occurs twice; give each a unique id",
        ),
        (lambda c: c["categories"][1].update(name="cat"), "holds 'cat' 2 times"),
        (lambda c: c["categories"][1].update(name=""), "category 2: name is ''; give a text"),
        (lambda c: c["images"].clear(), "the source lists no image; there is nothing to import"),
        (lambda c: c["images"][0].update(height=0), "image 1: height is 0; give a whole number"),
        (lambda c: c["images"][0].update(width=None), "image 1: width is missing; give a whole"),
        (lambda c: c["images"][0].update(width=10**9), "image 1: an image of 12 x 1000000000"),
        (lambda c: c["images"][0].update(width=10**99), "image 1: width is 1000000"),
        (
            lambda c: c["images"][0].update(width=99_999, height=99_999),
            r"a.png has 99999 x 99999 pixels.*max_pixels",
        ),
        (
            lambda c: c["images"][0].update(width=17),
            r"image 1: annotated on 12 x 17 pixels, but the image .*a\.png has 12 x 16; give",
        ),
        (
            lambda c: c["images"].append({**c["images"][0], "id": 2, "file_name": "a.jpg"}),
            r"image 2: a\.jpg and a\.png would share a label; rename one",
        ),
    ],
)
def test_files(tmp_path, act, expected):
    refused("coco", changed(tmp_path, act), tmp_path, expected)


@pytest.mark.parametrize(
    "name",
    [
        *("../a.png", "b/../../a.png", "/etc/a.png", "..\\a.png", "", "..", "b\\a.png"),
        *("a\n.png", "a\0.png", ".a.png", "b/.c/a.png", f"{'a' * 300}.png", "a\ud800.png"),
        *("a.gif", "a", 7, None, ["a.png"]),
    ],
)
def test_names_of_files(tmp_path, name):
    source = changed(tmp_path, lambda c: c["images"][0].update(file_name=name))
    refused("coco", source, tmp_path, r"s\.json: image 1: .*file(_| )")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[" * 10**6, "is not valid JSON"),
        (b'{"images":' * 10**5, "is not valid JSON"),
        (b'{"a":' + b"[" * 80 + b"]" * 80 + b"}", "is nested more than 64 levels deep"),
        (b"[]", "holds a list where a JSON object"),
        (b"", "is not valid JSON"),
        ('{"images": "ä"}'.encode("latin-1"), "is not UTF-8 text"),
        ('{"images": []}'.encode("utf-16"), "is not UTF-8 text"),
        (b'{"images": ' + b"9" * 5000 + b"}", "is not valid JSON"),
    ],
)
def test_texts(tmp_path, content, expected):
    (tmp_path / "s.json").write_bytes(content)
    refused("coco", tmp_path / "s.json", tmp_path, f"s.json {expected}")


def test_byte_order_marks_and_windows_line_ends_are_read(tmp_path):
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", [annotation(1, 1, BOX)])
    text = json.dumps(json.loads(source.read_text()), indent=1).replace("\n", "\r\n")
    source.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert label(imported("coco", source, tmp_path / "data")).sum() == 30


def test_duplicate_annotations_are_refused(tmp_path):
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", [annotation(1, 1, BOX), annotation(1, 2, BOX)])
    refused("coco", source, tmp_path, "annotation 1 occurs twice; give each a unique id")


def test_labels_that_are_not_named_are_refused(tmp_path):
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", [])
    refused("coco", source, tmp_path, "label 'dog', which classes= does not name", classes=("cat",))
    refused(
        "coco",
        source,
        tmp_path,
        r"Unknown label 'cow' in .*\. Available: cat, dog",
        ignored=("cow",),
    )


def test_images_that_exif_turns_are_refused(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    source = changed(tmp_path, lambda c: c["images"][0].update(file_name="a.jpg"))
    images(tmp_path, "a.jpg")
    Image.open(tmp_path / "a.jpg").save(tmp_path / "a.jpg", exif=exif)
    refused("coco", source, tmp_path, r"a\.jpg .*EXIF")


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (shape("a", [[1, 1], [2, 2]], "line"), "shape 2 is a 'line' of 2 points, which covers no"),
        (shape("a", [[1, 1]], "point"), "shape 2 is a 'point' of 1 points, which covers no area"),
        (shape("a", [[1, 1], [1, 1]], "circle"), "shape 2 is a 'circle' of 2 points"),
        (shape("a", [[1, 1], [2, 2], [3]]), r"shape 2: points is a list; give a list of \[x, y\]"),
        (shape("a", [[1, 1], [2, 2], [3, math.nan]]), "shape 2: the coordinate nan is not within"),
        (shape(7, [[1, 1], [2, 2], [3, 3]]), "shape 2: label is 7; give a text"),
        (shape("a", [[1, 1], [2, 2], [3, 3]], flags=7), "shape 2: flags is 7, not an object"),
        (shape("a", [[1, 1], [2, 2]], "mask"), "shape 2: its mask is not base64; export it"),
        (shape("a", [[1, 1], [2, 2]], "mask", mask="AAAA"), "shape 2: its mask "),
    ],
)
def test_shapes_of_labelme(tmp_path, bad, expected):
    good = shape("a", pairs(rectangle(0, 0, 4, 4)))
    refused("labelme", labelme(tmp_path / "s", [good, bad]), tmp_path, f"a.json: {expected}")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"imagePath": "../.."}, r"a\.json: the file name '\.\.' leads out of the folder"),
        ({"imagePath": None}, r"a\.json: imagePath is missing; give a text"),
        ({"imageWidth": 17}, r"a\.json: annotated on 12 x 17 pixels, but the image"),
        ({"imageWidth": None}, r"a\.json: imageWidth is missing; give a whole number"),
        ({"shapes": 3}, r"a\.json has no list 'shapes'"),
    ],
)
def test_files_of_labelme(tmp_path, more, expected):
    source = labelme(tmp_path / "s", **{"shapes": [], **more})
    refused("labelme", source, tmp_path, expected)


def test_a_folder_without_files_of_labelme_is_refused(tmp_path):
    (tmp_path / "s").mkdir()
    refused("labelme", tmp_path / "s", tmp_path, "holds no JSON file; pass the folder of labelme's")


POINTS = "points='1,1;5,1;5,5'"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (f"<polyline label='car' {POINTS}/>", "shape 1 is a 'polyline', which covers no area"),
        ("<tag label='car'/>", "shape 1 is a 'tag', which covers no area"),
        ("<polygon label='car' points='1,1;5,1'/>", "shape 1: a polygon of 2 points; give x,y;x,y"),
        ("<polygon label='car' points='1,1;5,1;nan,5'/>", "shape 1: the coordinate nan is not"),
        ("<polygon label='car' points='1,1;5,1;x,5'/>", "shape 1: the coordinate 'x' is not a num"),
        ("<polygon label='car'/>", "shape 1 has no points; export the annotations again"),
        (f"<polygon {POINTS}/>", "shape 1 has no label"),
        (f"<polygon label='car' {POINTS} z_order='a'/>", "z_order is 'a'; give a whole number"),
        ("<box label='car' xtl='1' ytl='2' xbr='3'/>", "shape 1 has no ybr; export"),
        ("<ellipse label='car' cx='1' cy='1' rx='0' ry='1'/>", "an ellipse with a radius of 0"),
        (
            "<mask label='car' rle='1, 9' left='0' top='0' width='2' height='2'/>",
            "shape 1: a run of 9 pixels for an image of 2 x 2",
        ),
        (
            "<mask label='car' rle='-1, 5' left='0' top='0' width='2' height='2'/>",
            "shape 1: a run of '-1' pixels; correct its rle",
        ),
        (
            "<mask label='car' rle='4' left='0' top='0' width='99999999' height='2'/>",
            "shape 1: an image of 2 x 99999999 pixels; correct its size",
        ),
    ],
)
def test_shapes_of_cvat(tmp_path, bad, expected):
    refused(
        "cvat", cvat(tmp_path, bad), tmp_path, f"annotations.xml: image 'sub/a.png'.*{expected}"
    )


ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotations>&b;</annotations>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ENTITY.encode(), "declares a document type or entities; remove the declaration"),
        (b"<a>" * 10**6, r"is not valid XML \(it is nested more than 64 levels deep\)"),
        (b"<annotations>", "is not valid XML"),
        (b"", "is not valid XML"),
        (b"<other/>", "is not a file of CVAT, but of 'other'"),
        (b"<annotations><track/></annotations>", "holds tracks of a video; export it as 'CVAT"),
        (b"<annotations/>", "class names must be|the source lists no image"),
        ("<annotations>ä</annotations>".encode("latin-1"), "is not UTF-8 text"),
    ],
)
def test_xml(tmp_path, content, expected):
    (tmp_path / "s.xml").write_bytes(content)
    refused("cvat", tmp_path / "s.xml", tmp_path, expected)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"overlap": "size"}, "Unknown overlap 'size'. Available: order, area"),
        ({"split": "../val"}, r"split=\.\./val is not a name; write letters, such as split=val"),
        ({"max_pixels": 0}, "max_pixels=0; pass a number of pixels"),
        ({"max_pixels": 100}, r"a.png has 12 x 16 pixels.*max_pixels"),
    ],
)
def test_words(tmp_path, more, expected):
    images(tmp_path, "a.png")
    refused("coco", coco(tmp_path / "s.json", []), tmp_path, expected, **more)


def test_a_source_that_is_not_there_is_named(tmp_path):
    refused("coco", tmp_path / "s.json", tmp_path, r"source not found: .*s\.json; correct source=")


def test_a_mask_of_a_declared_size_beyond_the_limit_is_refused(tmp_path):
    """Some kilobytes of PNG that unpack to nine megapixels."""
    images(tmp_path, "a.png")
    write(tmp_path / "s" / "a.png", np.zeros((3000, 3000), np.uint8))
    source = coco(tmp_path / "s.json", [])
    content = json.loads(source.read_text())
    segments = {"image_id": 1, "file_name": "a.png", "segments_info": []}
    source.write_text(json.dumps({**content, "annotations": [segments]}))
    refused("coco", source, tmp_path, r"a\.png has 3000 x 3000 pixels", max_pixels=1_000_000)


def test_every_prefix_of_a_file_is_refused(tmp_path):
    images(tmp_path, "a.png")
    source = coco(tmp_path / "s.json", [annotation(1, 1, rle(np.eye(12, 16) > 0))])
    whole = source.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        source.write_bytes(whole[:length])
        refused("coco", source, tmp_path, r"s\.json is not valid JSON")
