"""``segadapt.load``: a trained network, from wherever it was kept."""

from os import PathLike
from pathlib import Path

from segadapt.deployment.bundle_files import check_checkpoint, is_bundle
from segadapt.deployment.bundle_source import from_bundle
from segadapt.deployment.hub import PREFIX, fetched
from segadapt.deployment.light_imports import without_tracker
from segadapt.deployment.model import Model
from segadapt.deployment.run_source import from_run
from segadapt.deployment.trained_network import TrainedNetwork
from segadapt.files import expanded
from segadapt.runs.reader import is_run_folder


def load(
    source: str | PathLike[str],
    *,
    checkpoint: str = "last",
    device: str = "auto",
    precision: str | None = None,
    trust: bool = False,
    revision: str | None = None,
) -> Model:
    """Load a trained network to use it.

    Args:
        source: Run folder, as the training printed it; a bundle: a folder or a zip archive; or
            ``hf:owner/name``, a bundle on the Hugging Face hub.
        checkpoint: ``last``, ``best`` or a file.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...; ``auto`` is the GPU if available.
        precision: ``32-true``, ``bf16-mixed``, ``16-mixed``, ...; None: that of the training.
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


def read_network(
    source: str | PathLike[str],
    checkpoint: str = "last",
    trust: bool = False,
    revision: str | None = None,
) -> TrainedNetwork:
    """A trained network with everything that its use takes; where each kind of source is read.

    Args:
        source: Run folder, bundle, or ``hf:owner/name``.
        checkpoint: ``last``, ``best`` or a file; for run folders.
        trust: Whether its config may build what is not on the list.
        revision: Of a repository on the hub.

    Raises:
        ValueError: If nothing trained is there.
    """
    if str(source).startswith(PREFIX):
        check_checkpoint(Path(source), checkpoint)
        return from_bundle(fetched(str(source).removeprefix(PREFIX), revision), trust)
    if revision is not None:
        raise ValueError(f"revision={revision} is for sources on the hub (hf:owner/name)")
    place = expanded(Path(source))
    if is_run_folder(place):
        return from_run(place, checkpoint, trust)
    if place.exists() and is_bundle(place):
        check_checkpoint(place, checkpoint)
        return from_bundle(place, trust)
    what = "is neither a run folder nor a bundle" if place.exists() else "does not exist"
    raise ValueError(f"{place} {what}; give a run folder, as the training printed it, or a bundle")
