"""Writing and reading the checkpoints of a training, for Lightning."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.plugins.io import CheckpointIO

from segadapt.functional.nonfinite import named_tensors
from segadapt.runs.checkpoint import LAST, PREVIOUS, keep_as, read, remove, write
from segadapt.runs.origin import RUN, Origin, check_origin

PARTS: dict[str, type] = {
    "state_dict": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "callbacks": dict,
    "global_step": int,
}
"""The parts of a checkpoint, and the type of each."""

TENSORS = "tensors"
"""Key of a checkpoint under which the number of tensors in each part is stored."""

log = logging.getLogger(__name__)


class AtomicCheckpointIO(CheckpointIO):
    """Writes and reads checkpoints atomically, with digests.

    The predecessor of ``last.ckpt`` is kept as ``previous.ckpt``, which is read if ``last.ckpt`` is
    damaged.

    Args:
        origin: The run, which is stored in its checkpoints; those of other runs are refused.
    """

    def __init__(self, origin: Origin | None = None) -> None:
        self.origin = origin
        self.loaded: Path | None = None
        """The file from which this process resumed."""
        self._damaged: Path | None = None

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        path = Path(path)
        if path.name == LAST and path.is_file() and path != self._damaged:
            keep_as(path, path.with_name(PREVIOUS))
        marks: dict[str, Any] = {TENSORS: _counts(checkpoint)}
        if self.origin is not None:
            marks[RUN] = self.origin.record()
        write({**checkpoint, **marks}, path)
        self._damaged = None

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint, never executing code, whatever ``weights_only`` is.

        Raises:
            ValueError: If neither it nor its predecessor can be read, or it belongs to another run.
        """
        path = Path(path)
        try:
            content, self.loaded = _resumable(path, map_location), path
        except ValueError as damage:
            previous = path.with_name(PREVIOUS)
            if path.name != LAST or not previous.is_file():
                raise
            content, self.loaded = _predecessor(previous, map_location, damage), previous
            self._damaged = path  # a damaged file must not become the predecessor of the next one
        if self.origin is not None:
            check_origin(self.loaded, content, self.origin)
        return content

    def remove_checkpoint(self, path: str | Path) -> None:
        remove(Path(path))


def _resumable(path: Path, map_location: Any) -> dict[str, Any]:
    """Read a checkpoint that holds everything a training needs.

    Raises:
        ValueError: If it is damaged or incomplete.
    """
    content = read(path, map_location)
    lacking = [part for part, kind in PARTS.items() if not isinstance(content.get(part), kind)]
    if lacking:
        raise ValueError(f"{path} is not a checkpoint of a training: it lacks {', '.join(lacking)}")
    counts = _counts(content)
    if content.get(TENSORS, counts) != counts or _is_emptied(content["optimizer_states"]):
        raise ValueError(
            f"{path} is incomplete: it holds {counts} tensors, unlike those that were written "
            f"({content.get(TENSORS, 'the state of its optimiser is empty')})"
        )
    return content


def _predecessor(previous: Path, map_location: Any, damage: ValueError) -> dict[str, Any]:
    try:
        content = _resumable(previous, map_location)
    except ValueError as error:
        raise ValueError(f"{damage}; {previous.name} cannot be used either: {error}") from error
    step = content["global_step"]
    log.warning("%s; resuming from %s (step %d) instead", damage, previous, step)
    return content


def _counts(content: Mapping[str, Any]) -> dict[str, int]:
    """The number of tensors in each part."""
    parts = ("state_dict", "optimizer_states")
    return {part: sum(1 for _ in named_tensors(content.get(part))) for part in parts}


def _is_emptied(states: list[Any]) -> bool:
    """Whether an optimiser with moving averages has lost all of them."""
    return any(
        not state.get("state")
        and any("betas" in group or group.get("momentum") for group in state["param_groups"])
        for state in states
        if isinstance(state, dict) and state.get("param_groups")
    )
