"""``segadapt.load``: a trained network, ready to use."""

from os import PathLike

import torch

from segadapt.deployment.loading.light_imports import without_tracker
from segadapt.deployment.loading.read import read_network
from segadapt.deployment.prediction.model import Model


def load(
    source: str | PathLike[str],
    *,
    checkpoint: str = "last",
    device: str | torch.device = "auto",
    precision: str | None = None,
    trust: bool = False,
    revision: str | None = None,
) -> Model:
    """Load a trained network to use it.

    Args:
        source: Run folder, as the training printed it; a bundle: a folder or a zip archive; or
            ``hf:owner/name``, a bundle on the Hugging Face hub.
        checkpoint: ``last``, ``best`` or a file.
        device: ``cpu``, ``cuda``, ``cuda:1``, ..., or a ``torch.device``; ``auto`` is the GPU if
            available.
        precision: ``32-true`` (or ``fp32``), ``bf16-mixed``, ``16-true`` (or ``fp16``), ...; None:
            that of the training.
        trust: Whether the folder may build classes that are not on the list of what segadapt
            builds, which may run any code. Set it for folders only whose source you trust.
        revision: Branch, tag or commit of a repository on the hub.

    Returns:
        The network, with its classes and colours.

    Raises:
        ValueError: If there is no trained network, it is damaged, or it is not to be trusted.

    Examples:
        >>> import segadapt
        >>> model = segadapt.load("runs/street", device="cpu")
        >>> model.classes[:3]
        ('sky', 'building', 'pole')
        >>> result = model.predict("street.jpg")
    """
    with without_tracker():
        return Model(read_network(source, checkpoint, trust, revision), device, precision)
