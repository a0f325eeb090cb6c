import numpy as np
import pytest

from segadapt.data.prepare.run_lengths import filled, lengths, mask

SQUARE = "01:2H000003N"  # by pycocotools 2.0.11, as the next
DISC = "]59n02N2N2N2O0000000000000001N2N2N2Nl:"


def square():
    found = np.zeros((5, 7), bool)
    found[1:4, 2:6] = found[0, 0] = found[4, 6] = True
    return found


def disc():
    y, x = np.mgrid[:40, :30]
    return (y - 17) ** 2 + (x - 12) ** 2 < 81


def written(counts):
    """Run lengths as characters, one group of bits after the other."""
    text = ""
    for place, count in enumerate(counts):
        value = int(count) - (int(counts[place - 2]) if place > 2 else 0)
        while True:
            group, value = value & 31, value >> 5
            if value == (-1 if group & 16 else 0):
                text += chr(48 + group)
                break
            text += chr(48 + (group | 32))
    return text


def runs(pixels):
    found, last = [0], False
    for pixel in pixels:
        if pixel != last:
            found.append(0)
        found[-1] += 1
        last = pixel
    return found


@pytest.mark.parametrize(("text", "expected"), [(SQUARE, square()), (DISC, disc())])
def test_reads_what_cocos_tools_write(text, expected):
    height, width = expected.shape
    np.testing.assert_array_equal(mask(text, height, width).reshape(width, height).T, expected)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_is_the_inverse_of_the_definition(share):
    generator = np.random.default_rng(3)
    for _ in range(20):
        height, width = generator.integers(1, 60, 2)
        pixels = generator.random(height * width) < share
        text = written(runs(pixels))
        assert lengths(text).tolist() == runs(pixels)
        np.testing.assert_array_equal(mask(text, int(height), int(width)), pixels)


def test_long_runs():
    assert lengths(written([0, 63_999_999, 1])).tolist() == [0, 63_999_999, 1]


@pytest.mark.parametrize("text", ["", "P", "01:2H00000P", "0 1", "0~", "0é", "o" * 13 + "0"])
def test_damaged_text_is_refused(text):
    with pytest.raises(ValueError, match=r"damaged run lengths|pixels for an image"):
        mask(text, 5, 7)


@pytest.mark.parametrize("counts", [[34], [36], [0, 36, -1], [10, 10], [1 << 40]])
def test_runs_of_another_size_are_refused(counts):
    with pytest.raises(ValueError, match=r"pixels for an image of 7 x 5"):
        mask(written(counts), 5, 7)


WRAPPING = np.array([2**62] * 4 + [0, 6])
"""Their sum is 6 in 64 bits."""


def test_runs_whose_sum_wraps_are_refused():
    assert WRAPPING.sum() == 6
    with pytest.raises(ValueError, match="a run of 4611686018427387904 pixels for an image of 3"):
        filled(WRAPPING, 2, 3)


@pytest.mark.parametrize("runs", [[], [5], [7], [-1, 7]])
def test_runs_that_do_not_fill_the_image_are_refused(runs):
    with pytest.raises(ValueError, match="for an image of 3 x 2; correct its counts"):
        filled(np.array(runs, dtype=np.int64), 2, 3)


def test_masks_are_those_of_cocos_own_tools():
    """Where they are installed: random masks, packed by their code."""
    tools = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    rng = np.random.default_rng(0)
    for _ in range(300):
        height, width = rng.integers(1, 40, size=2)
        expected = rng.random((height, width)) < rng.random()
        counts = tools.encode(np.asfortranarray(expected.astype(np.uint8)))["counts"].decode()
        found = mask(counts, int(height), int(width)).reshape(width, height).T
        assert (found == expected).all()
