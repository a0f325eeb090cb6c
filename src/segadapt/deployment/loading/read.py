"""Reading a trained network from a run folder, a bundle or the hub."""

from os import PathLike
from pathlib import Path

from segadapt.deployment.loading.bundle_files import check_checkpoint, is_bundle
from segadapt.deployment.loading.bundle_source import from_bundle
from segadapt.deployment.loading.hub import PREFIX, fetched
from segadapt.deployment.loading.run_source import from_run
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.files import expanded
from segadapt.runs.reader import is_run_folder


def read_network(
    source: str | PathLike[str],
    checkpoint: str = "last",
    trust: bool = False,
    revision: str | None = None,
) -> TrainedNetwork:
    """Read a trained network, with everything that its use needs, from any kind of source.

    Args:
        source: Run folder, bundle, or ``hf:owner/name``.
        checkpoint: ``last``, ``best`` or a file; for run folders.
        trust: Whether its config may build classes that are not on the allow-list.
        revision: Revision of a repository on the hub.

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
    raise ValueError(f"{place} {what}; pass a run folder or a bundle")
