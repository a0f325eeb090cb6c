import pytest

from segadapt.data.files.partition import Partition, checked_partition, group_of, parted, remark

NAMES = [f"patient_{p:02}_slice_{i:03}" for p in range(10) for i in range(7)]


def test_each_file_is_dealt_out_once_and_shares_hold():
    parts = parted(NAMES, Partition(0.2, 0.1))
    assert sorted(name for part in parts.values() for name in part) == NAMES
    assert {split: len(part) for split, part in parts.items()} == {
        "train": 49,
        "val": 14,
        "test": 7,
    }


def test_groups_stay_together():
    parts = parted(NAMES, Partition(0.2, by="name-prefix"))
    patients = {split: {name[:10] for name in part} for split, part in parts.items()}
    assert patients["train"].isdisjoint(patients["val"])
    assert len(parts["val"]) == 14


def test_the_draw_depends_on_the_seed_alone():
    first, again = parted(NAMES, Partition(0.2)), parted(NAMES[::-1], Partition(0.2))
    assert first == again
    assert first != parted(NAMES, Partition(0.2, seed=1))


def test_another_file_moves_few_of_the_others():
    before = set(parted(NAMES, Partition(0.2))["val"])
    after = set(parted([*NAMES, "patient_99_slice_000"], Partition(0.2))["val"])
    assert len(before ^ after) <= 2


@pytest.mark.parametrize(
    ("name", "by", "group"),
    [
        ("a/scan3_017", "name-prefix", "a/scan3"),
        ("a/scan3_017.jpg", "name-prefix", "a/scan3"),
        ("0001TP_006690", "name-prefix", "0001TP"),
        ("seq0/000001", "name-prefix", "seq0"),
        ("seq0/000001.png", "name-prefix", "seq0"),
        ("patient0_000_img", "name-prefix", "patient0_img"),
        ("007", "name-prefix", "."),
        ("patient0_000_img", "number-at-end", "patient0_000_img"),
        ("a/scan3_017", "number-at-end", "a/scan3"),
        ("007", "number-at-end", "007"),
        ("frame", "name-prefix", "frame"),
        ("a/b/c", "folder", "a/b"),
        ("a_1", None, "a_1"),
    ],
)
def test_what_a_file_belongs_to(name, by, group):
    assert group_of(name, by) == group


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "the share of val is missing; write data.split="),
        ({"val": 0.2, "groups": 1}, "unknown key 'groups'"),
        ({"val": 0}, r"data\.split\.val=0 must be a share"),
        ({"val": float("nan")}, r"val=nan must be a share"),
        ({"val": True}, r"val=True must be a share"),
        ({"val": 0.5, "test": -0.1}, r"test=-0\.1 must be a share"),
        ({"val": 0.6, "test": 0.4}, "leaves nothing to train on"),
        ({"val": 0.2, "seed": -1}, r"seed=-1 must be an integer >= 0"),
        ({"val": 0.2, "by": "patient"}, r"by='patient' must be null or one of name-prefix, folder"),
    ],
)
def test_what_makes_no_sense_is_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        checked_partition(given)


def test_one_group_cannot_be_divided():
    with pytest.raises(
        ValueError, match=r"3 files are 1 groups by name-prefix \(such as a\), too "
    ):
        parted(["a_1", "a_2", "a_3"], Partition(0.2, by="name-prefix"))


@pytest.mark.parametrize(
    ("form", "group"),
    [
        ("seq{}/{:06}.png", 4),
        ("patient{}_{:03}_img", 8),
        ("town_{:06}_{:06}_leftImg8bit.png", 11),
        ("scan{}_{:03}", 5),
        ("seq{}_{:04}_cam0.png", 4),
        ("seq{}_{:04}0_rgb2", 4),
    ],
)
def test_frames_of_a_sequence_stay_in_one_split(form, group):
    names = [form.format(sequence, frame) for sequence in range(8) for frame in range(9)]
    parts = parted(names, Partition(0.25, 0.25, by="name-prefix"))
    sequences = [{name[:group] for name in part} for part in parts.values()]
    assert sorted(len(part) for part in sequences) == [2, 2, 4]
    assert len(set.union(*sequences)) == 8


def test_a_number_without_letters_that_all_names_end_in_is_that_of_the_frame():
    names = [f"{sequence:06}_10.png" for sequence in range(8)]
    parts = parted(names, Partition(0.25, by="name-prefix"))
    assert [len(part) for part in parts.values()] == [6, 2]


def test_the_rule_of_earlier_runs_draws_what_it_drew():
    names = [f"seq{sequence}_{frame:04}_cam0" for sequence in range(8) for frame in range(9)]
    val = parted(names, Partition(0.25, by="number-before-text"))["val"]
    assert len(val) == 18
    assert val[:4] == ["seq0_0007_cam0", "seq1_0000_cam0", "seq1_0008_cam0", "seq2_0000_cam0"]


def test_names_that_are_only_numbers_in_one_folder_have_no_prefix():
    names = [f"images/{i:03}.png" for i in range(9)]
    with pytest.raises(
        ValueError, match=r"only numbers, such as .*000\.png, .*split\.by=null, .*split\.by=folder"
    ):
        parted(names, Partition(0.2, by="name-prefix"))


def test_shares_that_groups_miss_clearly_are_noted():
    sizes = {"a": 5, "b": 3, "c": 2}
    names = [f"{group}_{i}" for group, size in sizes.items() for i in range(size)]
    notes = []
    for seed in range(6):
        partition = Partition(0.2, 0.2, seed, by="name-prefix")
        parts = parted(names, partition)
        note = remark(parts, partition) or ""
        for split in ("val", "test"):
            number = len(parts[split])
            words = f"{split} has {number} of 10 files ({number}0%) instead of 20%"
            assert (words in note) == (number == 5)
        notes.append(note)
    assert any(notes)
    assert not all(notes)


def test_shares_that_whole_files_cannot_reach_are_not_noted():
    for number in range(4, 30):
        names = [f"image {i}" for i in range(number)]
        assert remark(parted(names, Partition(0.15, 0.1)), Partition(0.15, 0.1)) is None
