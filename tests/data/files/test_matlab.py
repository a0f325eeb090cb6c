import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy.io import savemat
from written import blocks

from segadapt.data.files.label_files import read_label


def save(file, label, compress=True, **others):
    savemat(file, {"captions": "some words", **others, "S": label}, do_compression=compress)
    return file


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float64])
@pytest.mark.parametrize("shape", [(24, 40), (1, 1), (1, 3), (37, 5)])
def test_labels_come_out_as_scipy_wrote_them(tmp_path, compress, kind, shape):
    label = blocks(*shape, 183)
    others = {"names": np.array(["a", "bc"], object), "regions": np.arange(900.0), "x": {"y": 1}}
    file = save(tmp_path / "a.mat", label.astype(kind), compress, **others)
    np.testing.assert_array_equal(read_label(file), label)


@pytest.mark.parametrize("wrong", [70_000, 1.5, -1, np.nan])
def test_numbers_that_are_no_class_are_refused(tmp_path, wrong):
    label = blocks(8, 8, 3).astype(np.float64)
    label[2, 3] = wrong
    with pytest.raises(ValueError, match=rf"a\.mat holds {wrong}.*are whole and end at 65,535"):
        read_label(save(tmp_path / "a.mat", label))


def test_a_file_without_the_label_map_is_named(tmp_path):
    savemat(tmp_path / "a.mat", {"T": blocks(8, 8, 3), "S": "text"})
    with pytest.raises(ValueError, match=r"a\.mat holds no matrix of numbers called S"):
        read_label(tmp_path / "a.mat")


def test_huge_label_maps_are_refused_before_they_are_unpacked(tmp_path):
    file = save(tmp_path / "a.mat", np.zeros((4000, 5000), np.uint8))
    assert file.stat().st_size < 100_000
    with pytest.raises(ValueError, match=r"4000 x 5000 pixels, more than data\.max_pixels=999"):
        read_label(file, max_pixels=999)


@pytest.mark.parametrize("compress", [True, False])
def test_truncated_files_never_pass(tmp_path, compress):
    file = save(tmp_path / "a.mat", blocks(64, 64, 100), compress)
    good = file.read_bytes()
    for length in np.linspace(0, len(good) - 1, 60).astype(int):
        file.write_bytes(good[:length])
        with pytest.raises(ValueError, match=r"a\.mat is|a\.mat holds no"):
            read_label(file)


def test_flipped_bytes_in_compressed_labels_never_pass_unseen(tmp_path):
    label = blocks(64, 64, 100)
    savemat(tmp_path / "a.mat", {"S": label}, do_compression=True)
    good = (tmp_path / "a.mat").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        bad = bytearray(good)
        bad[rng.integers(128, len(bad))] ^= int(rng.integers(1, 256))
        (tmp_path / "a.mat").write_bytes(bad)
        with pytest.raises(ValueError, match=r"a\.mat (is|has|holds no)|no JPEG"):
            read_label(tmp_path / "a.mat")


def test_an_unknown_kind_of_numbers_is_damage(tmp_path):
    file = save(tmp_path / "a.mat", blocks(8, 8, 3), compress=False)
    data = bytearray(file.read_bytes())
    numbers = data.rindex(struct.pack("<II", 2, 64))  # 64 bytes without a sign
    data[numbers + 1] = 107
    file.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.mat is damaged: its matrix is not 8 x 8"):
        read_label(file)


def test_a_small_matrix_that_unpacks_to_a_large_one_is_refused_on_the_way(tmp_path):
    numbers = bytes(20_000_000)
    parts = [(6, struct.pack("<II", 9, 0)), (5, struct.pack("<II", 1, 1)), (1, b"S"), (2, numbers)]
    elements = [struct.pack("<II", kind, len(part)) + part for kind, part in parts]
    matrix = b"".join(element + bytes(-len(element) % 8) for element in elements)
    packed = zlib.compress(struct.pack("<II", 14, len(matrix)) + matrix)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x100) + b"IM"
    (tmp_path / "a.mat").write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"a\.mat is damaged: its matrix has no end"):
        read_label(tmp_path / "a.mat")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_another_byte_order_is_refused(tmp_path):
    file = save(tmp_path / "a.mat", blocks(8, 8, 3))
    data = bytearray(file.read_bytes())
    data[126:128] = b"MI"
    file.write_bytes(data)
    with pytest.raises(ValueError, match="another byte order"):
        read_label(file)
