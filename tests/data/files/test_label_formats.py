"""Label files of every format, written by Pillow, numpy and OpenCV, read as what was written."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from segadapt.data.files.label_files import label_size, read_label
from segadapt.data.files.label_values import LabelForm
from segadapt.data.label_table.table import LabelTable, Values
from segadapt.data.labels import LabelContract

COLORS = LabelForm(numbers=False, colors=True)

PALETTE = np.array([(0, 0, 0), (128, 0, 0), (0, 128, 0), (9, 8, 7)], dtype=np.uint8)

NUMBERS = np.random.default_rng(0).integers(0, 4, (13, 17)).astype(np.uint8)

RGB = PALETTE[NUMBERS]


def indexed():
    image = Image.fromarray(NUMBERS)
    image.putpalette(PALETTE.tobytes())
    return image


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff"])
def test_a_palette_is_numbers_or_colours_as_the_table_asks(tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    indexed().save(file)
    np.testing.assert_array_equal(read_label(file), NUMBERS)
    np.testing.assert_array_equal(read_label(file, form=COLORS), RGB)
    np.testing.assert_array_equal(read_label(file, form=LabelForm(colors=True)), NUMBERS)
    assert label_size(file) == NUMBERS.shape


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "npy"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_are_read_as_they_were_written(tmp_path, suffix, mode):
    file = tmp_path / f"a.{suffix}"
    pixels = RGB if mode == "RGB" else np.dstack([RGB, np.where(NUMBERS == 1, 0, 255)])
    if (suffix, mode) == ("tif", "RGBA"):  # whose colours OpenCV multiplies by the opacity
        Image.fromarray(pixels.astype(np.uint8)).save(file)
        with pytest.raises(ValueError, match="TIFF with transparent pixels"):
            read_label(file, form=COLORS)
        return
    if suffix == "npy":
        np.save(file, pixels.astype(np.uint8))
    else:
        Image.fromarray(pixels.astype(np.uint8)).save(file)
    np.testing.assert_array_equal(read_label(file, form=COLORS), RGB)
    assert label_size(file, COLORS) == NUMBERS.shape
    with pytest.raises(ValueError, match=r"data\.classes=FILE"):
        read_label(file)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiffs_of_numbers(tmp_path, compression, dtype):
    numbers = NUMBERS.astype(dtype) * (60 if dtype == np.uint8 else 20_000)
    Image.fromarray(numbers).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(read_label(tmp_path / "a.tif"), numbers)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_damaged_tiff_is_never_read_as_other_numbers(tmp_path, dtype):
    file = tmp_path / "a.tif"
    Image.fromarray(NUMBERS.astype(dtype)).save(file, compression="tiff_adobe_deflate")
    whole = file.read_bytes()
    with Image.open(file) as opened:
        (start,), (length,) = opened.tag_v2[273], opened.tag_v2[279]
    refused = 0
    for place in range(start, start + length):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        label = label_or_none(file)
        refused += label is None
        assert label is None or np.array_equal(label, NUMBERS), place - start
    assert refused > length // 2


def test_jpeg_within_a_tiff_is_refused_as_a_jpeg_is(tmp_path):
    Image.fromarray(NUMBERS).save(tmp_path / "a.tif", compression="jpeg")
    with pytest.raises(ValueError, match="compression 7, which changes the values near borders"):
        read_label(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "i8", "?", "<i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_whole_numbers(tmp_path, dtype, order):
    numbers = np.asarray(NUMBERS > 1 if dtype == "?" else NUMBERS, dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", numbers)
    np.testing.assert_array_equal(read_label(tmp_path / "a.npy"), numbers)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_pngs_of_few_bits_are_numbers_or_shades(tmp_path, bits):
    numbers = NUMBERS % 2**bits
    rows = np.unpackbits(numbers[..., None], axis=2)[..., 8 - bits :].reshape(13, -1)
    packed = np.packbits(rows, axis=1)

    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    head = struct.pack(">IIBBBBB", 17, 13, bits, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in packed))
    file = tmp_path / "a.png"
    file.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    np.testing.assert_array_equal(read_label(file), numbers)
    shades = np.asarray(Image.open(file).convert("RGB"))
    np.testing.assert_array_equal(read_label(file, form=COLORS), shades)


def test_jpegs_are_refused_with_the_reason_and_read_where_that_is_asked_for(tmp_path):
    table = LabelTable(
        ("a", "b", "c"),
        (Values((), ((255, 0, 0),)), Values((), ((0, 0, 255),)), Values((), ((0, 160, 0),))),
    )
    classes = np.repeat(np.repeat(np.arange(12).reshape(3, 4) % 3, 16, 0), 16, 1)
    colors = np.array([v.colors[0] for v in table.sources], dtype=np.uint8)
    Image.fromarray(colors[classes]).save(tmp_path / "a.jpg", quality=80)
    with pytest.raises(ValueError, match=r"compression changes .* data\.lossy_labels=nearest"):
        LabelContract(table).read(tmp_path / "a.jpg")
    contract = LabelContract(table, nearest=True)
    raw = contract.read(tmp_path / "a.jpg")
    decoded = cv2.imread(str(tmp_path / "a.jpg"))[..., ::-1].astype(int)
    for row in range(0, 48, 5):
        for column in range(0, 64, 5):
            distances = ((colors.astype(int) - decoded[row, column]) ** 2).sum(1)
            np.testing.assert_array_equal(raw[row, column], colors[distances.argmin()])
    assert (contract(raw, tmp_path / "a.jpg") == classes).mean() > 0.95


def test_half_transparent_pixels_are_refused(tmp_path):
    alpha = np.full((13, 17, 1), 255, dtype=np.uint8)
    alpha[2, 3] = 100
    Image.fromarray(np.dstack([RGB, alpha])).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="1 half transparent pixels"):
        read_label(tmp_path / "a.png", form=COLORS)


def label_or_none(file):
    try:
        return read_label(file)
    except ValueError:
        return None


@pytest.mark.parametrize("suffix", ["tif", "bmp", "npy"])
def test_truncated_files_and_bombs_are_refused(tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    np.save(file, NUMBERS) if suffix == "npy" else indexed().save(file)
    with pytest.raises(ValueError, match=r"has 13 x 17 pixels, more than data\.max_pixels=100"):
        read_label(file, max_pixels=100)
    whole = file.read_bytes()
    for end in range(0, len(whole), 7):
        file.write_bytes(whole[:end])
        label = label_or_none(file)
        if label is not None:  # nothing of the pixels was lost
            np.testing.assert_array_equal(label, NUMBERS)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (NUMBERS.astype(np.float32), "array of float32"),
        (NUMBERS[None, None], "shape"),
        (np.array([[{}]], dtype=object), "array of object"),
        (NUMBERS.astype(np.int64) - 1, "holds -1 on"),
        (NUMBERS.astype(np.int64) + 70_000, "class numbers are whole and end at 65,535"),
    ],
)
def test_arrays_that_are_no_label_are_refused(tmp_path, array, sentence):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match=sentence):
        read_label(tmp_path / "a.npy")


def test_colours_and_numbers_of_one_table_give_the_same_classes(tmp_path):
    table = LabelTable(
        ("a", "b"),
        (Values((3,), ((9, 8, 7),)), Values((1, 2), ((128, 0, 0), (0, 128, 0)))),
        Values((0,), ((0, 0, 0),)),
    )
    expected = np.array([255, 1, 1, 0])[NUMBERS]
    contract = LabelContract(table)
    for raw in (NUMBERS, NUMBERS.astype(np.uint16), RGB):
        np.testing.assert_array_equal(contract(raw, tmp_path), expected)
        tally = contract.tally(raw)
        assert tally.classes.tolist() == [(expected == k).sum() for k in range(2)]
        assert (tally.ignored, tally.unknown) == ((expected == 255).sum(), {})
    wrong = RGB.copy()
    wrong[:2, 0] = 1, 2, 3
    with pytest.raises(ValueError, match=r"holds #010203 on 2 pixels.*class \(#090807, #800000"):
        contract(wrong, tmp_path)
    assert contract.tally(wrong).unknown == {(1, 2, 3): 2}
    only_colors = LabelTable(table.names, tuple(Values((), v.colors) for v in table.sources))
    published = LabelContract(only_colors).published(np.array([[0, 1]], dtype=np.uint8))
    np.testing.assert_array_equal(published, [[(9, 8, 7), (128, 0, 0)]])


@pytest.mark.parametrize(("others", "expected"), [("ignore", 255), (1, 1)])
def test_other_values_mean_what_the_table_says(tmp_path, others, expected):
    table = LabelTable(("a", "b"), (Values((0,)), Values((1,))), others=others)
    raw = np.array([[0, 1, 7]], dtype=np.uint8)
    np.testing.assert_array_equal(LabelContract(table)(raw, tmp_path), [[0, 1, expected]])


def test_three_hundred_classes_have_16_bits(tmp_path):
    table = LabelTable.consecutive(tuple(f"c{k}" for k in range(300)), first=1, ignored=(0,))
    numbers = np.arange(300).reshape(15, 20).astype(np.uint16)
    Image.fromarray(numbers).save(tmp_path / "a.png")
    contract = LabelContract(table)
    label = contract(contract.read(tmp_path / "a.png"), tmp_path)
    assert label.dtype == np.uint16
    np.testing.assert_array_equal(label, np.where(numbers == 0, 65_535, numbers.astype(int) - 1))
    np.testing.assert_array_equal(contract.published(label[:, 1:]), numbers[:, 1:])
    low = contract(numbers[:12].astype(np.uint8), tmp_path)
    np.testing.assert_array_equal(low, label[:12])
