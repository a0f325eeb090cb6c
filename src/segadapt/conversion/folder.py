"""A converted checkpoint as a run folder, so that it is evaluated like a training's."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.checkpoint import write
from segadapt.files import replace_text
from segadapt.run_folder import CONFIG, OVERRIDES, STATE, complete, note


def run_of(out: Path) -> Path:
    """The run folder that a checkpoint belongs to: around its folder ``checkpoints``, or its own.

    Raises:
        ValueError: If something else than a conversion is there already.
    """
    folder = out.parent.parent if out.parent.name == "checkpoints" else out.parent
    state = folder / STATE
    if state.is_file() and "converted" not in json.loads(state.read_text()):
        raise ValueError(f"{folder} holds a training; choose another folder for --out")
    return folder


def write_run(
    out: Path,
    cfg: DictConfig,
    overrides: Sequence[str],
    tensors: Mapping[str, Tensor],
    facts: Mapping[str, Any],
) -> None:
    """Write a checkpoint and what evaluation needs beside it.

    Args:
        out: The checkpoint's file.
        cfg: Composed config of the network.
        overrides: What it was composed from.
        tensors: The network's state dict.
        facts: Where the tensors come from; kept in run.json.
    """
    folder = run_of(out)
    config = OmegaConf.create(complete(cfg))
    state = {f"model.{name}": value for name, value in tensors.items()}
    write({"state_dict": state, "global_step": 0}, out)
    replace_text(folder / OVERRIDES, OmegaConf.to_yaml(OmegaConf.create(list(overrides))))
    replace_text(folder / CONFIG, OmegaConf.to_yaml(config))
    note(folder, state="finished", converted=dict(facts))
