"""``init``: a network gets the weights of another training, and parts of it are frozen."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig
from torch import nn

from segadapt.deployment.initialization.warm_start import start_from
from segadapt.files import write_json
from segadapt.models.freezing import freeze
from segadapt.runs.config import value_at
from segadapt.runs.file_names import INIT
from segadapt.runs.ranks import rank
from segadapt.segmentor import Segmentor
from segadapt.text.borders import print_line


def initialise(model: Segmentor, classes: Sequence[str], cfg: DictConfig, resumed: bool) -> None:
    """Initialise and freeze parts of a network according to ``init`` of a config.

    Args:
        model: Network of a training that begins or resumes.
        classes: Names of its classes.
        cfg: Config of the training.
        resumed: Whether its weights will come from its own checkpoint.

    What was taken is printed, and kept as ``init.json`` in the run folder.

    Raises:
        ValueError: If weights do not fit, or there is no such part to freeze.
    """
    if value_at(cfg, "init.run") is not None and not resumed:
        _take(model, classes, cfg)
    if part := value_at(cfg, "init.freeze"):
        freeze(part_to_freeze(model, part))


def _take(model: Segmentor, classes: Sequence[str], cfg: DictConfig) -> None:
    rows, origin = start_from(model, classes, cfg)
    if rank() > 0:
        return
    facts = {"origin": origin.info, "parts": [row._asdict() for row in rows]}
    write_json(Path(cfg.paths.run) / INIT, facts)
    info = origin.info
    print_line(f"weights of {info['source']} ({info['checkpoint']}, step {info['step']}):")
    for row in rows:
        why = f" ({row.why})" if row.why else ""
        counts = f"{row.taken} tensors taken, {row.new} new, {row.left} unused"
        print_line(f"  {row.part}: {counts}{why}")


def part_to_freeze(model: Segmentor, part: str) -> nn.Module:
    """The part of a network that ``init.freeze`` names.

    Raises:
        ValueError: If the network has no such part.
    """
    if part == "generator":
        return model.generator
    encoder = getattr(model.generator, part, None)
    if encoder is None:
        raise ValueError(
            f"init.freeze={part}: {type(model.generator).__name__} does not consist of an encoder "
            "and a decoder; pass init.freeze=generator"
        )
    return encoder
