"""Measurements of a long benchmark, each written when it is made, to continue later."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness.goals import file_of
from benchmarks.harness.load import was_busy

from segadapt.files import write_json
from segadapt.runs.environment import commit


class Kept:
    """The file of a benchmark that is not complete, beside the file of the whole benchmark.

    Args:
        file: Of the whole benchmark; the partial one is called ``NAME.partial.json``.
        setting: What the measurements depend on: a file of another setting is not continued.
        total: Number of measurements.

    Raises:
        ValueError: If there is a partial file that another setting made.
    """

    def __init__(self, file: Path, setting: Mapping[str, Any], total: int) -> None:
        self.file, self.setting = file.with_suffix(".partial.json"), dict(setting)
        self.total, self.number = total, 0
        self.measured: dict[str, Any] = {}
        if self.file.is_file():
            self.measured = _continued(self.file, self.setting)
            print(f"{len(self.measured)} of {total} cases are taken from {self.file}", flush=True)

    def get(self, name: str, measure: Callable[[], Any], shown: Callable[[Any], str]) -> Any:
        """A measurement by its name, which is made and written now unless an earlier run made it.

        Args:
            name: Unique in the benchmark.
            measure: Makes it; it consists of plain values, as in JSON.
            shown: What to print of it.
        """
        self.number += 1
        if name not in self.measured:
            self.measured[name] = measure()
            state = f"{len(self.measured)} of {self.total} cases"
            content = {"partial": state, "setting": self.setting, "measured": self.measured}
            write_json(self.file, content)
            line = f"[{self.number}/{self.total}] {name}: {shown(self.measured[name])}"
            print(line, flush=True)
        return self.measured[name]

    def finish(self) -> None:
        """Remove the file, once the whole benchmark is written."""
        self.file.unlink(missing_ok=True)


def kept_by(name: str, total: int, **setting: Any) -> Kept:
    """Results of an interrupted benchmark, on this commit and with these settings.

    Args:
        name: Name of the benchmark.
        total: Number of measurements.
        **setting: Values that change the measurements, in addition to the commit and ``busy``.
    """
    setting = {**setting, "busy": was_busy(), **commit(Path(__file__).parent)}
    return Kept(file_of(name), setting, total)


def _continued(file: Path, setting: Mapping[str, Any]) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
        kept, measured = content["setting"], content["measured"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a partial benchmark; delete or move it") from error
    different = [name for name, value in setting.items() if kept.get(name) != value]
    if different:
        name = different[0]
        raise ValueError(
            f"{file} was measured with {name}={kept.get(name)}, not {setting[name]}; delete or "
            f"move it to start over, or set {name} as it was to continue"
        )
    return dict(measured)
