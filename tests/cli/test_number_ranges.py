"""Numbers out of range are refused by their key, before a run is read."""

import pytest
from compositions import composed

from segadapt.cli.export import export
from segadapt.cli.figures import figures
from segadapt.cli.import_labels import import_labels
from segadapt.cli.words import UsageError, check_range
from segadapt.runs.settings.check import check_command, unresolved

IMPORT = ["format=coco", "source=nowhere.json", "into=nowhere"]


@pytest.mark.parametrize(
    ("verb", "words", "message"),
    [
        (figures, ["nowhere", "images=0"], r"images=0: images takes an integer of 1 or more\."),
        (figures, ["nowhere", "images=-3"], r"images=-3: images takes"),
        (figures, ["nowhere", "seed=-1"], r"seed=-1: seed takes an integer from 0 to 4294967295\."),
        (figures, ["nowhere", "seed=4294967296"], r"seed=4294967296: seed takes"),
        (export, ["run=nowhere", "out=a.onnx", "labelled=-1"], r"labelled=-1: labelled takes"),
        (import_labels, [*IMPORT, "workers=-1"], r"workers=-1: workers takes an integer of 0"),
        (import_labels, [*IMPORT, "max_pixels=0"], r"max_pixels=0: max_pixels takes an integer of"),
    ],
)
def test_a_number_out_of_range_is_refused(verb, words, message):
    with pytest.raises(UsageError, match=message):
        verb(words)


def test_both_ends_of_a_range_are_valid():
    for value in (0, 5):
        check_range({"count": value}, "count", 0, 5)
    check_range({"count": 10**12}, "count", 1)


def test_threads_of_a_data_check_are_at_least_one():
    config = unresolved(composed("data=camvid", "threads=0", name="check_data"))
    with pytest.raises(ValueError, match=r"threads=0; it must be an integer >= 1 or null"):
        check_command(config, "check_data")
