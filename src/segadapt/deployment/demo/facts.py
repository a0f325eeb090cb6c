"""Content of the page before a photograph is chosen."""

from collections.abc import Sequence
from typing import Any, Final

from segadapt.deployment.demo.pictures import CHANGED, css_color, photograph_source, scale_colors
from segadapt.deployment.demo.samples import Sample, Samples
from segadapt.deployment.demo.uploads import Limits
from segadapt.deployment.prediction_files.work import Network
from segadapt.runs.errors import USER_ERRORS
from segadapt.text.borders import printable_values

THUMBNAIL: Final = 160
"""Pixels of the longer side of a sample in the list."""


def page_facts(networks: Sequence[Network], samples: Samples, limits: Limits) -> dict[str, Any]:
    """Plain values for JSON, in which every text is printable: JSON has no lone surrogates.

    Args:
        networks: Networks of the page.
        samples: Photographs to choose from; those that cannot be read have no picture.
        limits: Limits of uploads.
    """
    model = networks[0].model
    facts: dict[str, Any] = printable_values(
        {
            "data": model.trained.data.name,
            "classes": list(model.classes),
            "colors": [css_color(color) for color in model.colors],
            "runs": [{"title": network.title, "facts": _origin(network)} for network in networks],
            "max_bytes": limits.bytes,
            "max_pixels": limits.pixels,
            "samples": [{"name": s.name, "source": _thumbnail(s)} for s in samples.items],
            "origin": samples.origin,
            "scale": scale_colors(),
            "changed": f"rgb{CHANGED.color}",
        }
    )
    return facts


def _origin(network: Network) -> str:
    """The origin of a network, in one line."""
    info = network.model.info
    measured = [] if info.get("miou") is None else [f"mIoU {100 * info['miou']:.1f}"]
    return ", ".join([*measured, f"step {info['step']}", str(info["source"])])


def _thumbnail(sample: Sample) -> str:
    try:
        return photograph_source(sample.read().pixels, THUMBNAIL)
    except USER_ERRORS:
        return ""  # its sentence comes when it is chosen
