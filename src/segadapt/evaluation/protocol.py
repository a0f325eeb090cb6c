"""The protocol of a report: the conditions under which its numbers were measured."""

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig

from segadapt.evaluation.dataset_pass import DatasetEvaluation
from segadapt.evaluation.earlier_protocols import ORACLE
from segadapt.evaluation.inference.settings import settings_of
from segadapt.evaluation.trained import Weights
from segadapt.runs.environment import provenance
from segadapt.runs.file_names import CHECKPOINTS
from segadapt.runs.folder import run_id
from segadapt.runs.origin import as_text
from segadapt.runs.reader import Run
from segadapt.runs.stored_config import read_overrides
from segadapt.structures import ignored_label

RULES = {
    "resolution": "labels as they are on disk; scores are resized, labels never",
    "absent_class": "a class neither labelled nor predicted in the whole set is left out of the "
    "means; one only predicted has IoU 0 and counts (mmsegmentation)",
    "oracle": ORACLE,
    "average": "counts are summed over the whole set before any division",
}


def stamp(
    cfg: DictConfig, run: Run, weights: Weights, images: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """The protocol of an evaluation.

    Args:
        cfg: conf/evaluate.yaml, composed, with the ``data`` of the training and its precision.
        run: The training.
        weights: Its checkpoint.
        images: Facts about the images, including the number of ``classes``.
        seconds: Duration of the evaluation.
    """
    return {
        "data": {
            "name": cfg.data.name,
            "split": cfg.split,
            **images,
        },
        "inference": settings_of(instantiate(cfg.inference)),
        "precision": cfg.precision,
        **RULES,
        "ignore_index": ignored_label(images["classes"]),
        "run": {
            "folder": str(run.folder.resolve()),
            "state": run.state,
            "network": {part: built(run.config[part]) for part in ("model", "classifier")},
            "overrides": read_overrides(run.folder),
        },
        "checkpoint": {
            "file": weights.file.name,
            "sha256": weights.sha256,
            "step": weights.step,
            "run": weights.run,
            "own": is_own(run, weights),
        },
        "software": provenance(),
        "device": cfg.device,
        "seconds": round(seconds, 3),
    }


def is_own(run: Run, weights: Weights) -> bool:
    """Whether weights lie among the checkpoints of a run, and were not written by another one."""
    inside = weights.file.parent.resolve() == (run.folder / CHECKPOINTS).resolve()
    return inside and not _is_of_other(weights.run, run_id(run.folder))


def whose(checkpoint: Any, run: Run) -> Any:
    """The source of the weights of a report, of this or an earlier version.

    Args:
        checkpoint: Entry of its protocol. Earlier versions do not state whether the weights are the
            run's own; they are taken for them unless another run wrote them.
        run: The run in whose folder it lies.

    Returns:
        True for the run's own weights; else the identity of the run that wrote them, or their
        digest.
    """
    if not isinstance(checkpoint, Mapping):
        return True
    theirs = checkpoint.get("run")
    if checkpoint.get("own", not _is_of_other(theirs, run_id(run.folder))) is True:
        return True
    known = theirs.get("id") if isinstance(theirs, Mapping) else None
    return known or checkpoint.get("sha256")


def _is_of_other(record: Any, own: str | None) -> bool:
    """Whether the record in a checkpoint names another run; earlier versions have no identity."""
    theirs = record.get("id") if isinstance(record, Mapping) else None
    return None not in (own, theirs) and theirs != own


def of_run(run: Run, weights: Weights) -> str:
    """The run of a checkpoint, in words; empty for checkpoints of older versions."""
    if weights.run is None:
        return ""
    own = run_id(run.folder)
    other = f", but this folder is of run {own}" if _is_of_other(weights.run, own) else ""
    return f", of run {as_text(weights.run)}{other}"


def examined_images(measured: DatasetEvaluation) -> dict[str, Any]:
    """Facts about the images of a pass."""
    return {
        "images": len(measured.images),
        "classes": len(measured.classes),
        "fingerprint": measured.fingerprint,
        "input_size": _span(measured.inputs),
        "label_size": _span(measured.labels),
    }


def built(node: Any) -> list[str]:
    """Names of the classes and functions that a part of a config builds, in order.

    Args:
        node: The part of the config.
    """
    match node:
        case DictConfig():
            own = [str(node["_target_"]).rpartition(".")[2]] if "_target_" in node else []
            return own + [name for key in node for name in built(node[key])]
        case ListConfig():
            return [name for child in node for name in built(child)]
    return []


def _span(sizes: set[tuple[int, int]]) -> dict[str, Any]:
    """Smallest and largest size, by area."""
    ordered = sorted(sizes, key=lambda size: size[0] * size[1])
    return {"smallest": ordered[0], "largest": ordered[-1], "different": len(ordered)}
