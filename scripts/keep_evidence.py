"""Keep what comparisons read of runs: python scripts/keep_evidence.py runs=FOLDER into=FOLDER.

Copies configs, metrics, reports and per-image counts of every finished run below a folder, about 30
kB each: the sources of docs/evidence.md, and all that is needed to repeat a run. Checkpoints,
panels and entries that name the machine (host) are not copied; a run's own folder becomes
runs/NAME.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from segadapt.cli.shell import answer
from segadapt.files import replacing
from segadapt.runs import file_names

TEXTS: Final = (file_names.CONFIG, file_names.OVERRIDES, file_names.ENVIRONMENT, file_names.METRICS)
COUNTS: Final = (file_names.REPORT, file_names.PER_IMAGE)
OF_THE_MACHINE: Final = ("host", "pid")
"""Keys of run.json that name the machine of a run."""


def keep(runs: Path, into: Path) -> list[Path]:
    """Copy every finished run.

    Args:
        runs: Folder with run folders at any depth, resolved.
        into: Folder for the copies, which keep their relative paths.

    Returns:
        The folders that were written.

    Raises:
        ValueError: If there is no finished run, or a copy would contain a path of this machine.
    """
    kept = []
    for folder, state in _finished(runs):
        target = into / folder.relative_to(runs)
        target.mkdir(parents=True, exist_ok=True)
        facts = {key: value for key, value in state.items() if key not in OF_THE_MACHINE}
        _write(target / file_names.STATE, (json.dumps(facts, indent=2) + "\n").encode())
        for name in TEXTS:
            text = (folder / name).read_text(encoding="utf-8")
            text = text.replace(str(folder), f"runs/{folder.relative_to(runs)}")
            _write(target / name, _checked(text, folder / name).encode())
        for name in COUNTS:
            _write(target / name, (folder / name).read_bytes())
        kept.append(target)
    if not kept:
        raise ValueError(f"{runs} has no finished run; pass a folder of runs")
    return kept


def _finished(runs: Path) -> Iterator[tuple[Path, dict[str, object]]]:
    for path in sorted(runs.resolve().rglob(file_names.STATE)):
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["state"] == "finished":
            yield path.parent, state


def _checked(text: str, file: Path) -> str:
    """The text of a file, which must not contain paths of the machine.

    Raises:
        ValueError: If it contains one.
    """
    root = f"/{file.parts[1]}/"
    if root in text:
        line = next(line for line in text.splitlines() if root in line)
        raise ValueError(
            f"{file} holds a path of this machine ({line.strip()}); start the run with relative "
            "paths"
        )
    return text


def _write(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)


def main(words: list[str]) -> None:
    """Read runs= and into=, and copy the runs."""
    given = dict(word.split("=", 1) for word in words if "=" in word)
    if set(given) != {"runs", "into"} or len(words) != 2:
        raise SystemExit("usage: python scripts/keep_evidence.py runs=FOLDER into=FOLDER")
    kept = keep(Path(given["runs"]).resolve(), Path(given["into"]))
    print(f"kept {len(kept)} runs in {given['into']}")


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
