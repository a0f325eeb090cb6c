"""``segadapt.load``: a trained network, from wherever it was kept."""

from os import PathLike
from pathlib import Path

from segadapt.deployment.light_imports import without_tracker
from segadapt.deployment.model import Model
from segadapt.deployment.run_source import from_run, is_run
from segadapt.deployment.trained_network import TrainedNetwork
from segadapt.files import expanded


def load(
    source: str | PathLike[str],
    *,
    checkpoint: str = "last",
    device: str = "auto",
    precision: str | None = None,
    trust: bool = False,
) -> Model:
    """Load a trained network to use it.

    Args:
        source: Run folder, as the training printed it.
        checkpoint: ``last``, ``best`` or a file.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...; ``auto`` is the GPU where there is one.
        precision: ``32-true``, ``bf16-mixed``, ``16-mixed``, ...; None: that of the training.
        trust: Whether the folder may build classes that are not on the list of what segadapt
            builds, which may run any code. Set it for folders only whose source you trust.

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
        return Model(read_network(source, checkpoint, trust), device, precision)


def read_network(
    source: str | PathLike[str], checkpoint: str = "last", trust: bool = False
) -> TrainedNetwork:
    """A trained network with everything that its use takes; where each kind of source is read.

    Args:
        source: Run folder.
        checkpoint: ``last``, ``best`` or a file; for run folders.
        trust: Whether its config may build what is not on the list.

    Raises:
        ValueError: If nothing trained is there.
    """
    place = expanded(Path(source))
    if is_run(place):
        return from_run(place, checkpoint, trust)
    what = "is not a run folder (config.yaml and run.json)" if place.exists() else "does not exist"
    raise ValueError(f"{place} {what}; give a run folder, as the training printed it")
