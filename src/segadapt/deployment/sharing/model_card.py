"""The README of a bundle: a model card with the hub's metadata."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import yaml
from omegaconf import OmegaConf

from segadapt.data.prepare.catalogue import RECIPES
from segadapt.deployment.loading.bundle_files import SAMPLE
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.models.pretrained.tags import timm_tag
from segadapt.runs.config import value_at
from segadapt.text.borders import markdown_text

LOAD: Final = """```python
import segadapt

model = segadapt.load("BUNDLE")        # this folder, its zip, or "hf:owner/name"
model.predict("street.jpg").overlay("street_overlay.jpg")
```
"""

NOTES: Final = {
    "CACClassifier": "CAC (context-aware classifier, AAAI 2023)",
    "SSAClassifier": 'SSA (semantic and spatial adaptive classifier, "SSA-Seg", NeurIPS 2024)',
    "FixedClassifier": "the fixed 1x1 convolution",
}


def model_card(trained: TrainedNetwork, sample: bool, teacher: bool) -> str:
    """Markdown with a YAML head.

    Args:
        trained: The network, and what is known of it.
        sample: Whether the bundle has a sample picture.
        teacher: Whether it holds the teacher's weights.
    """
    head = yaml.safe_dump(metadata(trained), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n" + "\n".join(_sections(trained, sample, teacher))


def metadata(trained: TrainedNetwork) -> dict[str, Any]:
    """Metadata for the hub: task, library, data set, measurement."""
    head: dict[str, Any] = {
        "library_name": "segadapt",
        "pipeline_tag": "image-segmentation",
        "tags": ["semantic-segmentation", trained.info.get("classifier") or "segadapt"],
        "license": "other",
        "license_name": "see-below",
    }
    miou = trained.info.get("miou")
    if miou is not None:
        name = trained.data.name
        result = {
            "task": {"type": "image-segmentation"},
            "dataset": {"name": name, "type": name, "split": _split(trained)},
            "metrics": [{"type": "mean_iou", "value": round(float(miou), 6)}],
        }
        head["model-index"] = [{"name": f"segadapt on {name}", "results": [result]}]
    return head


def _split(trained: TrainedNetwork) -> str:
    return str(value_at(trained.info, "protocol.data.split", "val"))


def _sections(trained: TrainedNetwork, sample: bool, teacher: bool) -> Iterator[str]:
    info, data = trained.info, trained.data
    kind = str(info.get("classifier"))
    yield f"# {markdown_text(str(info.get('model')))} on {markdown_text(data.name)}\n"
    made = f"Made by segadapt {version('segadapt')}."
    by = NOTES.get(kind, kind)
    yield f"Semantic segmentation, {len(data.classes)} classes, by {by}. {made}\n"
    if sample:
        yield f"![A photograph under its predicted classes]({SAMPLE})\n"
    yield f"## Use\n\n{LOAD}"
    yield from _measurement(trained)
    yield "## Classes\n"
    yield ", ".join(f"{k}: {markdown_text(name)}" for k, name in enumerate(data.classes)) + "\n"
    yield "## What it holds\n"
    yield f"- weights of step {info.get('step')}" + (
        ", with the teacher, which only labels need" if teacher else ", of the student"
    )
    yield f"- SHA-256 of the checkpoint they come from: `{info.get('sha256')}`"
    yield "- `bundle.json` lists the SHA-256 of every file; a changed byte is refused\n"
    yield "## Licences\n"
    yield from _licences(trained)


def _measurement(trained: TrainedNetwork) -> Iterator[str]:
    info = trained.info
    yield "## Measured\n"
    if info.get("miou") is None:
        yield "These weights have not been measured.\n"
        return
    split = f"`{_split(trained)}` of {markdown_text(trained.data.name)}"
    yield f"mIoU {100 * float(info['miou']):.2f} on {split}.\n"
    rows = [row for row in info.get("per_class") or [] if row.get("iou") is not None]
    if rows:
        yield "| class | IoU |\n| --- | ---: |"
        yield from (f"| {markdown_text(row['name'])} | {100 * row['iou']:.2f} |" for row in rows)
        yield ""
    protocol = info.get("protocol") or {}
    for key in ("inference", "precision", "resolution", "absent_class", "average"):
        if key in protocol:
            yield f"- {key}: {_value(protocol[key])}"
    yield ""


def _value(value: Any) -> str:
    """A value of the protocol as text; a mapping without braces."""
    if isinstance(value, dict):
        return ", ".join(f"{markdown_text(key)} `{item}`" for key, item in value.items())
    return markdown_text(str(value))


def _licences(trained: TrainedNetwork) -> Iterator[str]:
    recipe = RECIPES.get(trained.data.name)
    data = recipe.licence if recipe else "not known to segadapt; ask whoever trained the network"
    name = OmegaConf.select(trained.config, "model.encoder.name")
    yield f"- data set {markdown_text(trained.data.name)}: {data}"
    if isinstance(name, str):
        origin = f"published weights of {markdown_text(name)}"
        yield f"- {origin}, from which the encoder may have started: {_of(name)}"
    yield "- segadapt: Apache-2.0\n"


def _of(name: str) -> str:
    try:
        return timm_tag(name).licence
    except (ValueError, RuntimeError, KeyError):
        return "as stated on their page"
