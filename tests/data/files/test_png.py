import cv2
import numpy as np
import pytest
from PIL import Image
from written import blocks, write

from segadapt.data.files import png


def test_header_is_that_of_pillow(tmp_path):
    file = write(tmp_path / "a.png", blocks(24, 40, 5))
    parsed = png.parse(file.read_bytes(), "a.png")
    with Image.open(file) as image:
        assert (parsed.width, parsed.height) == image.size
    assert (parsed.depth, parsed.colour) == (8, png.GREY)


def test_every_flipped_byte_is_noticed(tmp_path):
    data = bytearray(write(tmp_path / "a.png", blocks(24, 40, 5)).read_bytes())
    for place in range(len(png.SIGNATURE), len(data)):
        data[place] ^= 1
        with pytest.raises(ValueError, match=r"a\.png is (damaged|truncated)"):
            png.parse(bytes(data), "a.png")
        data[place] ^= 1


def test_every_truncation_is_named(tmp_path):
    data = write(tmp_path / "a.png", blocks(24, 40, 5)).read_bytes()
    for length in range(len(png.SIGNATURE), len(data)):
        with pytest.raises(ValueError, match=f"truncated at byte {length};"):
            png.parse(data[:length], "a.png")


@pytest.mark.parametrize("values", [2, 4, 16, 256])
def test_palette_declared_grey_decodes_to_its_indices(tmp_path, values):
    indices = blocks(40, 56, values)
    image = Image.new("P", (56, 40))
    image.putpalette(np.random.default_rng(0).integers(256, size=768, dtype=np.uint8).tolist())
    image.putdata(indices.ravel().tolist())
    image.save(tmp_path / "a.png", bits=8, transparency=0)
    parsed = png.parse((tmp_path / "a.png").read_bytes(), "a.png")
    assert parsed.colour == png.PALETTE
    decoded = cv2.imdecode(np.frombuffer(png.as_grey(parsed), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded, indices)
