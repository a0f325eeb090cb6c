"""The printed mIoUs of CAC Table 1 and SSA Tables 1 and 2, with their recipes."""

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

TABLES: Final = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "paper_tables"

NETWORKS: Final[Mapping[str, tuple[str, str]]] = {
    "FCN MobileNet-V2": ("fcn_mobilenetv2", "FCN MobileNet-V2"),
    "DeepLab-V3+ MobileNet-V2": ("deeplabv3plus_mobilenetv2", "DeepLabV3+ MobileNet-V2"),
    "DeepLab-V3+ ResNet-50": ("deeplabv3plus_resnet50", "DeepLabV3+ ResNet-50"),
    "DeepLab-V3+ ResNet-101": ("deeplabv3plus_resnet101", "DeepLabV3+ ResNet-101"),
    "OCRNet HRNet-W18": ("ocrnet_hrnet18", "OCRNet HRNet-W18"),
    "OCRNet HRNet-W48": ("ocrnet_hrnet48", "OCRNet HRNet-W48"),
    "OCRNet HRNetV2-W48": ("ocrnet_hrnet48", "OCRNet HRNet-W48"),
    "UperNet ResNet-50": ("upernet_resnet50", "UperNet ResNet-50"),
    "UperNet ResNet-101": ("upernet_resnet101", "UperNet ResNet-101"),
    "UperNet Swin-Tiny": ("upernet_swin_tiny", "UperNet Swin-Tiny"),
    "UperNet Swin-Base": ("upernet_swin_base", "UperNet Swin-Base"),
    "UperNet Swin-Large": ("upernet_swin_large", "UperNet Swin-Large"),
    "UperNet Swin-T": ("upernet_swin_tiny", "UperNet Swin-T"),
    "UperNet Swin-B": ("upernet_swin_base_window7", "UperNet Swin-B (Table 2)"),
    "UperNet Swin-L": ("upernet_swin_large_window7", "UperNet Swin-L"),
    "SegFormer MiT-B5": ("segformer_mit_b5", "SegFormer MiT-B5"),
    "ViT-Adapter (UperNet) ViT-Adapter-L": (
        "upernet_vit_adapter_large",
        "ViT-Adapter-L (UperNet)",
    ),
    "AFFormer-B AFFormer-B": ("afformer_base", "AFFormer-B"),
    "SeaFormer-B SeaFormer-B": ("seaformer_base", "SeaFormer-B"),
    "SeaFormer-L SeaFormer-L": ("seaformer_large", "SeaFormer-L"),
    "SegNeXt-T MSCAN-T": ("segnext_tiny", "SegNeXt-T"),
    "FCN ResNet-101": ("fcn_resnet101", ""),
}
"""Option of ``model`` and name in recipes.csv, by the head and the backbone that a paper prints."""

DATA: Final[Mapping[str, tuple[str, str]]] = {
    "ade20k": ("ade20k", "ADE20K"),
    "cocostuff164k": ("coco_stuff164k", "COCO-Stuff 164K"),
    "cocostuff10k": ("coco_stuff10k", "COCO-Stuff 10K"),
    "pascal_context59": ("pascal_context59", "PASCAL-Context 59"),
}
"""Option of ``data`` and title, by the beginning of a column's name."""

Record = Mapping[str, str]


class Experiment(NamedTuple):
    """A printed mIoU."""

    paper: str
    table: int
    printed: Record
    """The row of the table."""
    column: str
    """A key of :data:`DATA`."""

    @property
    def head(self) -> str:
        """The head, or the whole network, as printed."""
        return self.printed.get("head") or self.printed["method"]

    @property
    def variant(self) -> str:
        """``baseline`` or the classifier."""
        return (self.printed.get("variant") or self.printed["classifier"]).lower()

    @property
    def network(self) -> str:
        """A key of :data:`NETWORKS`."""
        return f"{self.head} {self.printed['backbone']}"

    @property
    def model(self) -> str:
        return NETWORKS[self.network][0]

    @property
    def data(self) -> str:
        return DATA[self.column][0]

    @property
    def title(self) -> str:
        """Title of the data set."""
        return DATA[self.column][1]

    @property
    def miou(self) -> str:
        """MIoU at a single scale, as printed."""
        return self.printed[f"{self.column}_miou_ss"]

    @property
    def gflops(self) -> str:
        """GFLOPs as printed, or empty; SSA Table 2 prints those at ADE20K's size only."""
        general = self.printed.get("gflops_512", "") if self.data == "ade20k" else ""
        return self.printed.get(f"{self.column}_gflops", general)

    @property
    def steps(self) -> int:
        """Optimiser steps. CAC does not state those for COCO-Stuff 164K; they are ADE20K's."""
        return 160_000 if self.paper == "CAC" or self.data == "ade20k" else 80_000

    @property
    def name(self) -> str:
        return f"{self.paper.lower()}_table{self.table}_{self.model}_{self.data}_{self.variant}"

    def recipe(self, *variants: str) -> Record:
        """The released recipe of the first variant that has one, else an empty one.

        CAC released recipes for ADE20K only; they serve its other data set as well.
        """
        data = "ADE20K" if self.paper == "CAC" else self.title.replace(" ", "-")
        recipes = {(r["paper"], r["model"], r["dataset"], r["variant"]): r for r in rows("recipes")}
        keys = [(self.paper, NETWORKS[self.network][1], data, variant) for variant in variants]
        return next((recipes[key] for key in keys if key in recipes), {})


@cache
def rows(table: str) -> list[dict[str, str]]:
    """A table of tests/fixtures/paper_tables."""
    with (TABLES / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def experiments() -> Iterator[Experiment]:
    """Every mIoU of the three tables."""
    for paper, table in (("CAC", 1), ("SSA", 1), ("SSA", 2)):
        for row in rows(f"{paper.lower()}_table{table}"):
            for column in DATA:
                if row.get(f"{column}_miou_ss"):
                    yield Experiment(paper, table, row, column)
