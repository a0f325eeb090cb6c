"""Paths to which the classes of a config may write: only below the run folder."""

import os.path
from pathlib import Path
from typing import Any, NoReturn

PLACES = ("default_root_dir", "folder", "save_dir")
"""Arguments that name the place of written files, of all classes that may be built."""


def check_places(node: Any, key: str, run: str) -> None:
    """Refuse nodes that would write outside of the run folder."""
    if isinstance(node, dict) and _may_write(node.get("_target_")):
        for name, value in node.items():
            _check_place(f"{key}.{name}", str(name), value, run)
    match node:
        case dict():
            children = list(node.items())
        case list():
            children = list(enumerate(node))
        case _:
            children = []
    for name, value in children:
        check_places(value, f"{key}.{name}" if key else str(name), run)


def _may_write(target: Any) -> bool:
    return str(target).startswith(
        ("segadapt.training.callbacks.", "segadapt.training.loggers.wandb_tracker.", "lightning.")
    )


def _check_place(key: str, name: str, value: Any, run: str) -> None:
    if name == "_args_":
        refuse(key, value, "pass the arguments of classes that write files by name")
    if not isinstance(value, str) or name == "_target_":
        return
    # Other texts become parts of names within the folder.
    place = value if name in PLACES else os.path.join(run, value)  # noqa: PTH118 # not yet a path
    if not _inside(place, run):
        refuse(key, value, "this lies outside of the run folder")


def _inside(place: str, run: str) -> bool:
    """Whether a path is the run folder or below it, without parts that lead up again."""
    if not run or "\0" in place or ".." in Path(place).parts:
        return False
    return Path(place).absolute().is_relative_to(Path(run).absolute())


def run_folder(plain: dict[Any, Any]) -> str:
    """``paths.run`` of a config; empty if it is missing."""
    paths = plain.get("paths")
    run = paths.get("run") if isinstance(paths, dict) else None
    return run if isinstance(run, str) else ""


def refuse(key: str, value: Any, reason: str) -> NoReturn:
    """Raise the error about a value of a config that is not allowed."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in f"{key}={value}")
    raise ValueError(
        f"refusing to build from the run's config: {shown[:200]}: {reason}. If you trust its "
        "source, pass trust_config=true (in Python: segadapt.load(..., trust=True))"
    )
