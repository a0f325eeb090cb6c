"""Run folders of converted checkpoints, so that they are evaluated like trainings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.files import replace_text
from segadapt.runs.checkpoint import write
from segadapt.runs.file_names import CHECKPOINTS, CONFIG, OVERRIDES, STATE
from segadapt.runs.folder import kept_config, update_state
from segadapt.runs.redaction import hidden_words
from segadapt.text.bounded import MIB, read_object


def run_of(out: Path) -> Path:
    """The run folder of a checkpoint: the parent of its folder ``checkpoints``, or its own folder.

    Raises:
        ValueError: If the folder already holds something other than a conversion.
    """
    folder = out.parent.parent if out.parent.name == CHECKPOINTS else out.parent
    state = folder / STATE
    if state.is_file() and "converted" not in read_object(state, MIB):
        raise ValueError(f"{folder} holds a training; choose another folder with out=")
    return folder


def write_run(
    out: Path,
    cfg: DictConfig,
    overrides: Sequence[str],
    tensors: Mapping[str, Tensor],
    facts: Mapping[str, Any],
) -> None:
    """Write a checkpoint and the other files that evaluation needs.

    Args:
        out: File of the checkpoint.
        cfg: Composed config of the network.
        overrides: Overrides from which it was composed.
        tensors: The network's state dict.
        facts: Origin of the tensors; stored in run.json.
    """
    folder = run_of(out)
    config = OmegaConf.create(kept_config(cfg))
    state = {f"model.{name}": value for name, value in tensors.items()}
    write({"state_dict": state, "global_step": 0}, out)
    replace_text(folder / OVERRIDES, OmegaConf.to_yaml(OmegaConf.create(hidden_words(overrides))))
    replace_text(folder / CONFIG, OmegaConf.to_yaml(config))
    update_state(folder, state="finished", converted=dict(facts))
