"""``init``: which weights a training starts from, settled before anything is written."""

from pathlib import Path
from typing import Final

from omegaconf import DictConfig, OmegaConf, open_dict

from segadapt.files import expanded, sha256
from segadapt.runs.file_names import CONFIG
from segadapt.runs.reader import check_run_folder, checkpoint_file
from segadapt.runs.trust import check_names

CLASSIFIER: Final = ("keep", "match", "renew")
FREEZE: Final = ("encoder", "generator")


def settle_origin(cfg: DictConfig) -> None:
    """Check what ``init`` says, and write the digest of the weights that it names into the config.

    Args:
        cfg: Composed config of a training; ``init.sha256`` is set.

    Raises:
        ValueError: If there are no such weights, they are other ones than a digest says, or a
            choice is not known.
    """
    init = OmegaConf.select(cfg, "init")
    if init is None:
        return
    _check_choice("init.classifier", init.classifier, CLASSIFIER)
    if init.freeze is not None:
        _check_choice("init.freeze", init.freeze, FREEZE)
    if init.run is None:
        return
    file = origin_file(init.run, init.checkpoint)
    digest = sha256(file)
    if init.sha256 is not None and init.sha256 != digest:
        raise ValueError(
            f"init.run: {file} has changed since this config was written (its SHA-256 is {digest}, "
            f"not {init.sha256}); give the weights of then, or init.sha256=null"
        )
    with open_dict(cfg):
        cfg.init.sha256 = digest


def origin_file(source: str | int, checkpoint: str) -> Path:
    """The file with the weights of a run folder.

    Raises:
        ValueError: If there is none.
    """
    folder = expanded(Path(str(source)))
    if not (folder / CONFIG).is_file():
        raise ValueError(
            f"init.run: {folder} is not a run folder: {CONFIG} is missing; pass the folder of a "
            "training or of a conversion"
        )
    check_run_folder(folder, check_names)
    return checkpoint_file(folder, checkpoint)


def _check_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"Unknown {key}={value}; available: {', '.join(choices)}")
