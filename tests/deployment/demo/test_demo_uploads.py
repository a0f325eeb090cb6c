"""Files that a browser sends: limits, damage, and the way up."""

import base64
import io
import re

import numpy as np
import pytest
from deployed import scene
from PIL import Image

from segadapt.deployment.demo.uploads import Limits, read_upload

LIMITS = Limits(pixels=4000, bytes=20_000)


def encoded(image, kind, **options):
    content = io.BytesIO()
    Image.fromarray(image).save(content, kind, **options)
    return content.getvalue()


def sent(data):
    return base64.b64encode(data).decode()


def test_a_photograph_arrives_as_it_was_sent():
    image = scene(40, 60)
    found = read_upload("C:/photos/street.png", sent(encoded(image, "PNG")), LIMITS)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.name == "street.png"


def test_a_photograph_is_turned_as_viewers_turn_it():
    image = scene(40, 60)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "JPEG", exif=exif, quality=95)
    found = read_upload("street.jpg", sent(data), LIMITS).pixels
    assert found.shape == (60, 40, 3)
    expected = np.array(Image.open(io.BytesIO(data))).swapaxes(0, 1)[:, ::-1]
    assert np.abs(found.astype(int) - expected).mean() < 3


WHOLE = encoded(scene(40, 60), "JPEG")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        (
            "large.png",
            encoded(scene(70, 60), "PNG"),
            r"large.png has 70 x 60 pixels, more than max_pixels=4000",
        ),
        ("heavy.png", bytes(20_001), r"heavy.png has 20001 bytes, more than max_bytes=20000"),
        ("empty.png", b"", r"empty.png is empty; choose another file"),
        ("text.jpg", b"not an image at all", r"text.jpg .*"),
        ("half.jpg", WHOLE[: len(WHOLE) // 2], r"half.jpg is truncated"),
        ("half.png", encoded(scene(40, 60), "PNG")[:900], r"half.png .*truncated"),
        ("anim.gif", encoded(scene(40, 60), "GIF"), r"anim.gif .*"),
        (
            "deep.png",
            encoded(scene(40, 60)[..., 0].astype(np.uint16) * 3, "PNG"),
            r"deep.png has 16 bits",
        ),
    ],
)
def test_what_cannot_be_shown_gets_one_sentence(name, data, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        read_upload(name, sent(data), LIMITS)
    assert len(str(caught.value).splitlines()) == 1


def test_the_largest_file_is_read():
    limits = Limits(pixels=2400, bytes=len(WHOLE))
    assert read_upload("a.jpg", sent(WHOLE), limits).pixels.shape == (40, 60, 3)
    for padding in (b"0", b"00"):  # base64 ends in one, two or no signs of padding
        with pytest.raises(ValueError, match=re.escape(f"has {len(WHOLE + padding)} bytes")):
            read_upload("a.jpg", sent(WHOLE + padding), limits)


def test_content_that_is_not_base64_is_refused():
    with pytest.raises(ValueError, match=r"a.jpg arrived damaged"):
        read_upload("a.jpg", "?" * 40, LIMITS)
