"""The papers' rule against every printed baseline of SSA Tables 1 and 2 (architectures.md 2.6)."""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
import torch
from benchmarks.harness.paper_flops import paper_macs
from networks import generator

from segadapt.classifiers.fixed import FixedClassifier
from segadapt.cli.hydra_command import CONF
from segadapt.segmentor import Segmentor

ADE20K, CONTEXT = (150, 512), (59, 480)
"""Classes, and pixels of a side."""

PRINTED = {
    # SSA Table 1
    ("ocrnet_hrnet48", ADE20K): 164.8,
    ("upernet_swin", ADE20K): 236.1,
    ("segformer_mit_b5", ADE20K): 52.5,
    ("upernet_swin_large_window7", ADE20K): 404.9,
    ("upernet_vit_adapter_large", ADE20K): 616.1,
    ("afformer_base", ADE20K): 4.3,
    ("seaformer_base", ADE20K): 1.8,
    ("segnext_tiny", ADE20K): 6.2,
    ("seaformer_large", ADE20K): 6.4,
    ("ocrnet_hrnet48", CONTEXT): 143.2,
    ("upernet_swin", CONTEXT): 207.5,
    ("segformer_mit_b5", CONTEXT): 45.8,
    ("afformer_base", CONTEXT): 3.7,
    ("segnext_tiny", CONTEXT): 5.4,
    ("seaformer_large", CONTEXT): 5.6,
    # SSA Table 2; its other baselines are those above
    ("fcn_resnet101", ADE20K): 275.7,
    ("upernet_swin_base_window7", ADE20K): 297.2,
}
"""GFLOPs, one for each multiply-add."""

OTHER_CLASSES = {
    # PASCAL-Context, printed as counted with the 150 classes of ADE20K
    ("upernet_swin_large_window7", CONTEXT): (362.9, (150, 480)),
    ("upernet_vit_adapter_large", CONTEXT): (541.5, (150, 480)),
}
"""Printed, and what was counted instead.

The column of COCO-Stuff10K belongs here as a whole: it repeats that of ADE20K, and its 171 classes
make, for example, 236.3 of UPerNet on Swin-T's 236.1.
"""

ROUNDED_TWICE = {("seaformer_base", CONTEXT): ("1.55", "1.6")}
"""1.5455 is 1.5 by one rounding, and the printed 1.6 by way of 1.55."""

QUICK = {"seaformer_base", "segnext_tiny", "upernet_swin", "afformer_base"}
ON_CPU = {"segformer_mit_b5"}  # smp's MiT cannot be built without memory


def rows(table):
    """Cases of a table: those of large networks are slow, a network may be absent."""
    return [pytest.param(*row, marks=marks(*row)) for row in table]


def marks(name, setting):
    absent = not (Path(CONF) / "model" / f"{name}.yaml").is_file()
    found = [pytest.mark.skipif(absent, reason=f"there is no model={name}")]
    return found if name in QUICK and setting == ADE20K else [*found, pytest.mark.slow]


def giga(name, setting):
    classes, side = setting
    with torch.device("cpu" if name in ON_CPU else "meta"):
        model = Segmentor(generator(name, classes), FixedClassifier, classes)
    return Decimal(paper_macs(model, side, side)) / 10**9


def rounded(number, digits):
    return str(Decimal(number).quantize(Decimal(10) ** -digits, ROUND_HALF_UP))


@pytest.mark.parametrize(("name", "setting"), rows(PRINTED))
def test_the_count_is_printed(name, setting):
    assert rounded(giga(name, setting), 1) == str(PRINTED[name, setting])


@pytest.mark.parametrize(("name", "setting"), rows(OTHER_CLASSES))
def test_some_were_counted_with_the_classes_of_another_data_set(name, setting):
    printed, counted = OTHER_CLASSES[name, setting]
    assert rounded(giga(name, setting), 1) != str(printed)
    assert rounded(giga(name, counted), 1) == str(printed)


@pytest.mark.parametrize(("name", "setting"), rows(ROUNDED_TWICE))
def test_one_was_rounded_twice(name, setting):
    once, twice = ROUNDED_TWICE[name, setting]
    number = giga(name, setting)
    assert rounded(number, 2) == once
    assert rounded(once, 1) == twice != rounded(number, 1)


def test_coco_stuff_repeats_ade20k():
    assert rounded(giga("upernet_swin", (171, 512)), 1) == "236.3"
