import numpy as np
import pytest

from segadapt.evaluation.metrics.per_image import (
    PerImage,
    by_name,
    read_per_image,
    write_per_image,
)


def counts(*values):
    return np.tile(np.array(values)[:, None, None], (1, 3, 2))


def test_images_are_in_the_order_of_their_names():
    found = by_name(["b", "c", "a"], counts(1, 2, 0))
    assert found.names == ("a", "b", "c")
    assert found.counts[:, 2, 1].tolist() == [0, 1, 2]


def test_a_file_holds_what_was_written_for_anybody(tmp_path):
    images = by_name(["é/1.png", "a"], counts(1, 2**40))
    file = tmp_path / "new" / "per_image.npz"
    write_per_image(file, images)
    with np.load(file) as content:
        assert content["names"].tolist() == ["a", "é/1.png"]
        assert content["counts"].dtype == np.int64
        assert content["counts"].shape == (2, 3, 2)
    found = read_per_image(file)
    assert found.names == images.names
    assert (found.counts == images.counts).all()
    assert [one.name for one in file.parent.iterdir()] == ["per_image.npz"]


def test_counts_of_the_training_images_of_coco_are_read_back(tmp_path):
    names = tuple(f"{index:012}.jpg" for index in range(118_287))
    write_per_image(tmp_path / "a.npz", PerImage(names, np.zeros((len(names), 3, 1), np.int64)))
    assert read_per_image(tmp_path / "a.npz").names == names


@pytest.mark.parametrize("damage", ["cut", "text", "other"])
def test_a_damaged_file_is_named(tmp_path, damage):
    file = tmp_path / "per_image.npz"
    write_per_image(file, by_name(["a"], counts(1)))
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-40])
    elif damage == "text":
        file.write_text("names")
    else:
        np.savez(file, names=["a"])
    with pytest.raises(ValueError, match=r"per_image\.npz is not readable"):
        read_per_image(file)
