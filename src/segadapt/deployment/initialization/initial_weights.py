"""``init``: which weights a training starts from, settled before anything is written."""

import hashlib
from pathlib import Path
from typing import Final

from omegaconf import DictConfig, OmegaConf, open_dict

from segadapt.deployment.loading.bundle_files import (
    WEIGHTS,
    check_checkpoint,
    config_of,
    is_bundle,
    read_files,
)
from segadapt.deployment.loading.hub import PREFIX, fetched
from segadapt.files import expanded, sha256
from segadapt.runs.reader import check_run_folder, checkpoint_file, is_run_folder
from segadapt.runs.trust import check_names
from segadapt.text.choices import check_choice

CLASSIFIER: Final = ("keep", "match", "renew")
FREEZE: Final = ("encoder", "generator")


def settle_origin(cfg: DictConfig) -> None:
    """Check ``init``, and write the digest of its weights into the config.

    Args:
        cfg: Composed config of a training; ``init.sha256`` is set.

    Raises:
        ValueError: If there are no such weights, they are other ones than a digest says, or a
            choice is not known.
    """
    init = OmegaConf.select(cfg, "init")
    if init is None:
        return
    check_choice("init.classifier", init.classifier, CLASSIFIER)
    if init.freeze is not None:
        check_choice("init.freeze", init.freeze, FREEZE)
    if init.run is None:
        return
    file, digest = origin_weights(str(init.run), init.checkpoint)
    if init.sha256 is not None and init.sha256 != digest:
        raise ValueError(
            f"init.run: {file} has changed since this config was written (its SHA-256 is {digest}, "
            f"not {init.sha256}); restore those weights, or set init.sha256=null"
        )
    with open_dict(cfg):
        cfg.init.sha256 = digest


def origin_weights(source: str, checkpoint: str) -> tuple[str, str]:
    """The file with the weights of a run folder or a bundle, and its SHA-256.

    Args:
        source: Run folder, bundle, or ``hf:owner/name``.
        checkpoint: ``last``, ``best`` or a file, of a run folder.

    Raises:
        ValueError: If there are no weights, or the config beside them is not to be trusted.
    """
    if source.startswith(PREFIX):
        return _of_bundle(fetched(source.removeprefix(PREFIX)), checkpoint)
    place = expanded(Path(source))
    if is_run_folder(place):
        check_run_folder(place, check_names)
        file = checkpoint_file(place, checkpoint)
        return str(file), sha256(file)
    if place.exists() and is_bundle(place):
        return _of_bundle(place, checkpoint)
    what = "is neither a run folder nor a bundle" if place.exists() else "does not exist"
    raise ValueError(
        f"init.run: {place} {what}; pass the folder of a training or of a conversion, or a bundle"
    )


def _of_bundle(place: Path, checkpoint: str) -> tuple[str, str]:
    """The weights of a bundle and their SHA-256, after checking its config."""
    check_checkpoint(place, checkpoint)
    contents = read_files(place)
    config_of(contents, place, check_names)
    return f"{place}: {WEIGHTS}", hashlib.sha256(contents[WEIGHTS]).hexdigest()
