"""Costs printed in SSA's Tables 1 and 2, and our counts by the papers' rule.

Run it by ``segadapt benchmark printed``; it writes its section of docs/models.md. The baselines of
ADE20K are in the page's first table already.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

import torch
from benchmarks.harness.options import CONFIGS
from benchmarks.harness.page import write_section
from benchmarks.harness.paper_flops import paper_macs
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig

from segadapt.segmentor import Segmentor


class Setting(NamedTuple):
    """Data set and size for which a table counts."""

    data: str
    classes: int
    side: int


ADE20K: Final = Setting("ADE20K", 150, 512)
CONTEXT: Final = Setting("PASCAL-Context", 59, 480)

PRINTED: Final[Mapping[tuple[str, str, Setting], str]] = {
    ("ocrnet_hrnet48", "ssa", ADE20K): "165.0",
    ("upernet_swin", "ssa", ADE20K): "236.3",
    ("segformer_mit_b5", "ssa", ADE20K): "52.6",
    ("upernet_swin_large_window7", "ssa", ADE20K): "405.2",
    ("upernet_vit_adapter_large", "ssa", ADE20K): "616.3",
    ("afformer_base", "ssa", ADE20K): "4.4",
    ("seaformer_base", "ssa", ADE20K): "1.8",
    ("segnext_tiny", "ssa", ADE20K): "6.3",
    ("seaformer_large", "ssa", ADE20K): "6.4",
    ("fcn_resnet101", "ssa", ADE20K): "275.9",
    ("upernet_swin_base_window7", "ssa", ADE20K): "297.5",
    ("ocrnet_hrnet48", "cac", ADE20K): "164.9",
    ("segnext_tiny", "cac", ADE20K): "6.2",
    ("seaformer_base", "cac", ADE20K): "1.8",
    ("ocrnet_hrnet48", "fixed", CONTEXT): "143.2",
    ("upernet_swin", "fixed", CONTEXT): "207.5",
    ("segformer_mit_b5", "fixed", CONTEXT): "45.8",
    ("upernet_swin_large_window7", "fixed", CONTEXT): "362.9",
    ("upernet_vit_adapter_large", "fixed", CONTEXT): "541.5",
    ("afformer_base", "fixed", CONTEXT): "3.7",
    ("seaformer_base", "fixed", CONTEXT): "1.6",
    ("segnext_tiny", "fixed", CONTEXT): "5.4",
    ("seaformer_large", "fixed", CONTEXT): "5.6",
    ("ocrnet_hrnet48", "ssa", CONTEXT): "143.3",
    ("upernet_swin", "ssa", CONTEXT): "207.7",
    ("segformer_mit_b5", "ssa", CONTEXT): "45.8",
    ("upernet_swin_large_window7", "ssa", CONTEXT): "363.2",
    ("upernet_vit_adapter_large", "ssa", CONTEXT): "541.7",
    ("afformer_base", "ssa", CONTEXT): "3.7",
    ("seaformer_base", "ssa", CONTEXT): "1.6",
    ("segnext_tiny", "ssa", CONTEXT): "5.4",
    ("seaformer_large", "ssa", CONTEXT): "5.6",
}
"""GFLOPs by network, classifier and data set, one for each multiply-add."""

KNOWN: Final[Mapping[tuple[str, str, Setting], str]] = {
    ("ocrnet_hrnet48", "ssa", ADE20K): "165.035 counted on the release's own modules",
    ("afformer_base", "ssa", ADE20K): "4.374 counted on the release's own modules",
    ("segformer_mit_b5", "ssa", ADE20K): "52.554 if batch norms are counted, unlike elsewhere",
}
"""Counts of the releases' own code, noted in this project's specification."""

INTRODUCTION: Final = """\
This table compares GMAC by the papers' rule with the numbers that SSA prints. The baselines of
ADE20K are in the table above. SSA's column for COCO-Stuff 10K repeats that for ADE20K, digit by
digit, although its 171 classes cost more.
`segadapt benchmark printed` writes this table.

| model | classifier | data | classes | side | counted | printed | remark |
|---|---|---|--:|--:|--:|--:|---|
"""


def main(words: Sequence[str]) -> None:
    """Count everything and write the section.

    Raises:
        ValueError: If there are words.
    """
    if words:
        raise ValueError(f"printed takes no {words[0]!r}: it counts all printed numbers")
    lines = []
    for (name, classifier, setting), printed in PRINTED.items():
        count = giga(name, classifier, setting)
        why = remark(name, classifier, setting, count)
        cells = [name, classifier, *map(str, setting), f"{count:.3f}", printed, why]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    write_section("Printed by SSA", INTRODUCTION + "\n".join(lines))


def remark(name: str, classifier: str, setting: Setting, count: Decimal) -> str:
    """The reason why a printed number differs, with a count that reproduces it, if known."""
    printed = PRINTED[name, classifier, setting]
    if rounded(count, 1) == printed:
        return ""
    if twice(count) == printed:
        return f"rounded twice, via {rounded(count, 2)}"
    if setting.classes != ADE20K.classes:
        other = giga(name, classifier, setting._replace(classes=ADE20K.classes))
        if printed in (rounded(other, 1), twice(other)):
            added = "" if rounded(other, 1) == printed else ", rounded twice"
            return f"{other:.3f} with the {ADE20K.classes} classes of ADE20K{added}"
    return KNOWN.get((name, classifier, setting), "unexplained")


def giga(name: str, classifier: str, setting: Setting) -> Decimal:
    """Thousand million multiply-adds of one image by the papers' rule."""
    cfg = composed(name, classifier, setting.classes)
    reads_values = "encoders.smp." in str(cfg.model.get("encoder"))
    with torch.device("cpu" if reads_values else "meta"):
        generator, head = instantiate(cfg.model), instantiate(cfg.classifier)
        model = Segmentor(generator, head, setting.classes)
    return Decimal(paper_macs(model, setting.side, setting.side)) / 10**9


def composed(name: str, classifier: str, classes: int) -> DictConfig:
    """The config of a network with a classifier, with random weights."""
    wanted = [f"model={name}", f"classifier={classifier}"]
    data = ["data=synthetic", f"data.num_classes={classes}"]
    with initialize_config_dir(str(CONFIGS.resolve()), version_base="1.3"):
        return compose("train", [*wanted, *data])


def rounded(number: str | Decimal, digits: int) -> str:
    """A number rounded to some decimals, half up, as in print."""
    return str(Decimal(number).quantize(Decimal(10) ** -digits, ROUND_HALF_UP))


def twice(number: Decimal) -> str:
    """A number rounded to two decimals and then to one, as from a tool that prints two."""
    return rounded(rounded(number, 2), 1)
