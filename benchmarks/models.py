"""Table of all models: their costs, counted and printed, and the weights that exist.

Run it by ``segadapt benchmark models [NAME ...]``; it writes its section of
docs/models.md, or prints the lines of the named models only. Nothing is trained, timed or fetched.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import torch
from benchmarks.harness.comparison import Static, count
from benchmarks.harness.options import CONFIGS
from benchmarks.harness.page import write_section
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig

from segadapt.classifiers.fixed import FixedClassifier
from segadapt.functional.normalization import MEAN, STD
from segadapt.models.pretrained.tags import NVIDIA, Tag, smp_tag, timm_tag
from segadapt.segmentor import Segmentor
from segadapt.text.choices import check_choice

COMMAND: Final = "segadapt benchmark models"
CLASSES: Final = 150
SIDE: Final = 512

PRINTED_PARAMETERS: Final[Mapping[str, float]] = {
    "fcn_mobilenetv2": 9.82,
    "deeplabv3plus_mobilenetv2": 15.35,
    "ocrnet_hrnet18": 12.18,
    "upernet_resnet50": 66.52,
    "deeplabv3plus_resnet50": 43.69,
    "ocrnet_hrnet48": 70.53,
    "upernet_resnet101": 85.51,
    "deeplabv3plus_resnet101": 62.68,
    "upernet_swin": 59.94,
    "upernet_swin_base": 121.42,
    "upernet_swin_large": 233.96,
}
"""Millions, CAC Table 1."""

PRINTED_FLOPS: Final[Mapping[str, float]] = {
    "ocrnet_hrnet48": 164.8,
    "upernet_swin": 236.1,
    "segformer_mit_b5": 52.5,
    "upernet_swin_large_window7": 404.9,
    "upernet_vit_adapter_large": 616.1,
    "afformer_base": 4.3,
    "seaformer_base": 1.8,
    "segnext_tiny": 6.2,
    "seaformer_large": 6.4,
    "fcn_resnet101": 275.7,
    "upernet_swin_base_window7": 297.2,
}
"""GFLOPs of ADE20K, SSA Tables 1 and 2."""

SAME: Final = {"upernet_swin_tiny": "upernet_swin", "segformer_b0": "segformer_mit_b0"}
"""Further names of the same networks."""

HEAD: Final = f"""\
This table lists every `model=` option with the fixed classifier, {CLASSES} classes and images of
{SIDE} x {SIDE}. `{COMMAND}` writes it.

* **Parameters**: millions of parameters in training, with the auxiliary head; deployed, without
  it; and as printed in CAC Table 1. AFFormer has 0.07 less than its release, whose head holds an
  unused block; CGRSeg is counted without its own classifier.
* **GMAC**: billions of multiply-adds for one image, by the papers' rule, which does not count the
  products of attention and all of MiT's projections; as printed in SSA Tables 1 and 2 ("GFLOPs");
  and true, which counts every product that is computed here. True is below printed for heads that
  resize, concatenate and convolve levels (UPerNet, SegFormer, OCR), because they compute coarse
  levels on their own grids, with the same result.
* **Weights**: the weights that `data.pretrained=true` downloads, their licence, and the mean and
  standard deviation of the colours they were trained with, to which the network normalises every
  image ("ImageNet": 0.485 0.456 0.406 and 0.229 0.224 0.225). For another tag, set
  `model.encoder.name=NAME.TAG`; for a file, `model.encoder.weights=FILE` (`smp_*`:
  `model.weights=FILE`).
* **Conversion of SegNeXt-B and L**: the scores depend on the rank of LightHam, which no tensor
  shows. The rank is 16 in configs of mmsegmentation 1.x and 64 in those of SegNeXt's authors, as
  here. `segadapt convert` reads the rank from the config in the file; if there is none, it asks
  for `model.decoder.rank=16` or `model.decoder.rank=64`.

| model | parameters | deployed | printed | GMAC | printed | true | weights | licence | colours |
|---|--:|--:|--:|--:|--:|--:|---|---|---|
"""


class Source(NamedTuple):
    """Origin of an encoder's weights, and the images that they expect."""

    weights: str
    licence: str
    colours: str


def main(names: Sequence[str]) -> None:
    """Write the page, or print the lines of some models.

    Raises:
        ValueError: If there is no such model.
    """
    known = every_model()
    for name in sorted(names):
        check_choice("model", name, known)
    lines = []
    for name in names or known:
        lines.append(line(name))
        print(lines[-1], flush=True)
    if not names:
        write_section("Cost and weights", HEAD + "\n".join(lines))


def every_model() -> list[str]:
    """All names except ``cached``, which stands for stored features instead of a network."""
    return sorted({file.stem for file in (CONFIGS / "model").glob("*.yaml")} - {"cached"})


def line(name: str) -> str:
    """One model as a row of the table."""
    if name in SAME:
        return f"| {name} | = {SAME[name]} |{8 * ' |'}"
    config = composed(name)
    cost, origin = counted(config), source(config)
    cells = [
        name,
        f"{cost.parameters.training / 1e6:.2f}",
        f"{cost.parameters.deployed / 1e6:.2f}",
        str(PRINTED_PARAMETERS.get(name, "")),
        f"{cost.paper_macs / 1e9:.1f}",
        str(PRINTED_FLOPS.get(name, "")),
        f"{cost.true_macs / 1e9:.1f}",
        *origin,
    ]
    return f"| {' | '.join(cells)} |"


def composed(name: str) -> DictConfig:
    """The config of a model, with random weights."""
    wanted = [f"model={name}", "data=synthetic", f"data.num_classes={CLASSES}"]
    with initialize_config_dir(str(CONFIGS.resolve()), version_base="1.3"):
        return compose("train", wanted).model


def counted(config: DictConfig) -> Static:
    """Parameters and multiply-adds, without memory where the constructor allows it."""
    reads_values = "encoders.smp." in str(config.get("encoder"))  # MiT's rates of stochastic depth
    with torch.device("cpu" if reads_values else "meta"):
        model = Segmentor(instantiate(config), FixedClassifier, CLASSES)
    return count(model, SIDE, SIDE)


def source(config: DictConfig) -> Source:
    """The weights that the config would fetch."""
    encoder: Any = config.get("encoder")
    match config._target_.rpartition(".")[2]:
        case "SmpGenerator" if not encoder.startswith("tu-"):
            return _of(smp_tag(encoder))
        case "SmpGenerator" | "DPTGenerator":
            return _of(timm_tag(encoder.removeprefix("tu-")))
    match encoder._target_.rpartition(".")[2]:
        case "SmpEncoder":
            return _of(smp_tag(encoder.name))
        case "TinyEncoder":
            return Source("none", "", "")
        case _ if "name" in encoder:
            return _of(timm_tag(encoder.name))
    return Source("its authors' file only", "as stated by them", "ImageNet")


def _of(tag: Tag) -> Source:
    licence = "NVIDIA, non-commercial" if tag.licence == NVIDIA else tag.licence
    usual = (tag.mean, tag.std) == (MEAN, STD)
    numbers = (" ".join(f"{value:g}" for value in values) for values in (tag.mean, tag.std))
    colours = "ImageNet" if usual else " and ".join(numbers)
    return Source(f"`{tag.source}`" if tag.source else "none", licence, colours)
