"""Whatever lies in a data set's folder is read right or refused with a sentence."""

import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from layouts import LAYOUTS
from PIL import Image
from scipy.io import savemat
from written import blocks, camvid, picture, write

from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.folder import Folder
from segadapt.data.datasets.voc2012 import VOC2012
from segadapt.data.files.decode import read_image
from segadapt.data.files.label_files import read_label
from segadapt.data.files.orientation import orientation
from segadapt.data.transforms.pipelines import EvalTransform

SIDE = 60_000


def folder(root, image, label, suffix="png", **options):
    """A data set of one image, which ``write`` gets to store."""
    write(root / "train/images" / f"a.{suffix}", image, **options)
    write(root / "train/labels/a.png", label)
    return Folder(root, "train", EvalTransform(), ["a", "b", "c", "d"], "classes.txt")


def bytes_of(suffix):
    stream = BytesIO()
    Image.fromarray(picture(16, 16)).save(stream, {"jpg": "jpeg"}.get(suffix, suffix))
    return bytearray(stream.getvalue())


def png_bomb():
    data = bytes_of("png")
    data[16:24] = struct.pack(">II", SIDE, SIDE)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return data


def jpeg_bomb():
    data = bytes_of("jpg")
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", SIDE, SIDE)
    return data


def bmp_bomb(width=SIDE, height=SIDE):
    data = bytes_of("bmp")
    data[18:26] = struct.pack("<ii", width, height)
    return data


def webp_bomb():
    frame = bytes_of("webp")[12:]
    side = (SIDE - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + side + side + frame
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("a.png", png_bomb),
        ("a.jpg", jpeg_bomb),
        ("a.bmp", bmp_bomb),
        ("up.bmp", lambda: bmp_bomb(height=-SIDE)),
        ("left.bmp", lambda: bmp_bomb(width=-SIDE)),
        ("a.webp", webp_bomb),
    ],
)
def test_bombs_are_refused_by_their_header(tmp_path, name, bomb):
    (tmp_path / name).write_bytes(bomb())
    with pytest.raises(ValueError, match=rf"{name} has 60000 x 60000 pixels, more than"):
        read_image(tmp_path / name)


def test_bombs_among_labels_are_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(png_bomb())
    savemat(tmp_path / "b.mat", {"S": np.zeros((9000, 9000), np.uint8)}, do_compression=True)
    for name in ("a.png", "b.mat"):
        with pytest.raises(ValueError, match=rf"{name} has \d+ x \d+ pixels, more than"):
            read_label(tmp_path / name)


def test_the_limit_on_pixels_is_the_data_sets(tmp_path):
    dataset = CamVid(camvid(tmp_path), "val", EvalTransform(), max_pixels=40 * 56 - 1)
    with pytest.raises(ValueError, match=r"frame0\.png has 40 x 56 pixels, more than"):
        dataset[0]


def test_the_root_may_be_a_link(tmp_path):
    camvid(tmp_path / "disk")
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    dataset = CamVid(tmp_path / "link", "val", EvalTransform())
    assert dataset[1].name == "val/frame1.png"


def test_splits_may_be_links(tmp_path):
    camvid(tmp_path / "disk")
    (tmp_path / "set").mkdir()
    for name in ("val", "valannot"):
        (tmp_path / "set" / name).symlink_to(tmp_path / "disk" / name)
    assert CamVid(tmp_path / "set", "val", EvalTransform())[1].name == "val/frame1.png"


@pytest.mark.parametrize("where", ["a b", "日本語", "söt 'data'", "x=1,y[2]", "naïve\u0301"])
def test_paths_may_hold_anything(tmp_path, where):
    dataset = CamVid(camvid(tmp_path / where), "val", EvalTransform())
    assert dataset[0].name == "val/frame0.png"
    names = LAYOUTS["voc2012"](tmp_path / where / "voc")
    assert len(VOC2012(names, "train", EvalTransform())[0].mask) == 48


def test_the_root_may_be_relative_or_at_home(tmp_path, monkeypatch):
    camvid(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert CamVid("here", "val", EvalTransform())[0].name == "val/frame0.png"
    assert CamVid("~/here", "val", EvalTransform())[0].name == "val/frame0.png"


@pytest.mark.parametrize("name", ["camvid", "voc2012"])
def test_read_only_folders_are_enough(tmp_path, name):
    root = LAYOUTS[name](tmp_path)
    for place in [root, *root.rglob("*")]:
        place.chmod(0o444 if place.is_file() else 0o555)
    before = {file: file.stat().st_mtime_ns for file in [root, *root.rglob("*")]}
    dataset = {"camvid": CamVid, "voc2012": VOC2012}[name](root, "train", EvalTransform())
    _ = [dataset[i] for i in range(len(dataset))]
    assert {file: file.stat().st_mtime_ns for file in [root, *root.rglob("*")]} == before
    for place in [root, *root.rglob("*")]:
        place.chmod(0o755)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read_are_named(tmp_path):
    root = camvid(tmp_path)
    (root / "val/frame1.png").chmod(0)
    with pytest.raises(ValueError, match=r"frame1\.png cannot be read: Permission denied"):
        CamVid(root, "val", EvalTransform())[1]


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    root = camvid(tmp_path)
    dataset = CamVid(root, "val", EvalTransform())
    (root / "val/frame1.png").unlink()
    (root / "val/frame1.png").mkdir()
    with pytest.raises(ValueError, match=r"frame1\.png is not a regular file"):
        dataset[1]


def test_grey_alpha_deep_and_palette_images_train(tmp_path):
    rgb, label = picture(24, 32), blocks(24, 32, 4)
    grey = rgb[..., 0]
    cases = {
        "grey": (grey, np.dstack([grey] * 3)),
        "grey alpha": (np.dstack([grey, grey]), np.dstack([grey] * 3)),
        "alpha": (np.dstack([rgb, 255 - grey]), rgb),
        "deep": (grey.astype(np.uint16) * 257, np.dstack([grey] * 3)),
    }
    plain = folder(tmp_path / "plain", rgb, label)[0]
    for name, (image, same) in cases.items():
        found = folder(tmp_path / name, image, label)[0]
        expected = folder(tmp_path / f"{name} as RGB", same, label)[0]
        np.testing.assert_array_equal(found.image, expected.image)
        np.testing.assert_array_equal(found.mask, plain.mask)


def test_cmyk_and_progressive_jpegs_are_read(tmp_path):
    rgb = picture(24, 32)
    write(tmp_path / "plain.jpg", rgb, quality=95)
    write(tmp_path / "steps.jpg", rgb, quality=95, progressive=True)
    np.testing.assert_array_equal(
        read_image(tmp_path / "plain.jpg"), read_image(tmp_path / "steps.jpg")
    )
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    difference = np.abs(read_image(tmp_path / "print.jpg").astype(int) - rgb)
    assert difference.mean() < 6


@pytest.mark.parametrize("kind", ["palette", "16 bit", "interlaced"])
def test_labels_of_other_kinds_hold_the_same_classes(tmp_path, kind):
    label = blocks(24, 32, 4)
    dataset = folder(tmp_path, picture(24, 32), label)
    file = tmp_path / "train/labels/a.png"
    if kind == "palette":
        image = Image.fromarray(label).convert("P")
        image.putpalette(np.random.default_rng(0).integers(256, size=768).astype(np.uint8))
        image.save(file)
    elif kind == "16 bit":
        write(file, label.astype(np.uint16))
    else:
        file.write_bytes(interlaced(label))
    np.testing.assert_array_equal(dataset[0].mask, label)


def interlaced(label):
    """A PNG in the seven passes of Adam7."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
    passes += [(0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in passes
        for row in label[top::down, left::right]
    )
    header = struct.pack(">IIBBBBB", label.shape[1], label.shape[0], 8, 0, 0, 0, 1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [(len(b), k + b) for k, b in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", length) + body + struct.pack(">I", zlib.crc32(body))
        for length, body in chunks
    )


def test_images_that_exif_turns_are_refused_among_ones_own(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    dataset = folder(tmp_path, picture(24, 32), blocks(24, 32, 4), "jpg", exif=exif)
    with pytest.raises(ValueError, match=r"a\.jpg is turned when shown \(EXIF orientation 3\)"):
        dataset[0]


def test_published_labels_lie_on_the_pixels_as_stored(tmp_path):
    root = LAYOUTS["voc2012"](tmp_path)
    dataset = VOC2012(root, "val", EvalTransform())
    before = dataset[0]
    file = Path(dataset.files[0].image)
    exif = Image.Exif()
    exif[0x0112] = 3
    body = b"\xff\xe1" + (len(exif.tobytes()) + 2).to_bytes(2) + exif.tobytes()
    data = file.read_bytes()
    file.write_bytes(data[:2] + body + data[2:])
    assert orientation(file.read_bytes()) == 3
    after = dataset[0]
    np.testing.assert_array_equal(before.image, after.image)
    np.testing.assert_array_equal(before.mask, after.mask)
