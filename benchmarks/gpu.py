"""Everything that this project claims about GPUs, in one command.

Run it by ``segadapt benchmark gpu [only=correct,eager] [minutes=8] [device=auto]
[out=FOLDER] [camvid=FOLDER] [weights=FILE]``.

Each part is a process of its own, the most important first, and its figures are written when it
ends. A part that runs out of time, crashes or is interrupted keeps the figures that it had. The
file is ``gpu.json``. On a CPU (``device=cpu``), everything is tiny: to try the command, not to
measure.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import torch
from benchmarks.harness import gpu_correctness, gpu_loss, gpu_speed, gpu_training
from benchmarks.harness.goals import RESULTS, Goal, goal_table
from benchmarks.harness.gpu_context import ROOT, Context, read
from benchmarks.harness.measure import stamp, wide_console
from benchmarks.harness.processes import running

from segadapt.analysis.cost.machine import machine
from segadapt.files import write_json
from segadapt.runs.errors import Interrupted
from segadapt.text.choices import check_choice, unknown


class Part(NamedTuple):
    """One group of figures."""

    run: Callable[[Context], None]
    seconds: int
    """The most that it may take."""


PARTS: Final[Mapping[str, Part]] = {
    "correct": Part(gpu_correctness.correct, 100),
    "loss": Part(gpu_loss.losses, 60),
    "syncs": Part(gpu_speed.syncs, 90),
    "eager": Part(gpu_speed.eager, 90),
    "tests": Part(gpu_training.tests, 150),
    "compiled": Part(gpu_speed.compiled, 120),
    "shapes": Part(gpu_speed.shapes, 60),
    "peers": Part(gpu_speed.peers, 40),
    "loader": Part(gpu_training.loader, 40),
    "trainings": Part(gpu_training.trainings, 250),
}
"""Parts, in order of importance."""

LEAST: Final = 15
"""Seconds without which a part is not begun."""

DEFAULTS: Final = {
    "only": ",".join(PARTS),
    "minutes": "8",
    "device": "auto",
    "out": str(RESULTS),
    "camvid": ".gpu/CamVid",
    "weights": ".gpu/mobilenetv2_100.safetensors",
}
CHILD: Final = "import sys; from benchmarks.gpu import child; child(*sys.argv[1:])"


def main(arguments: Sequence[str]) -> None:
    """Run the parts, print their table, write the file.

    Raises:
        ValueError: If an option is not known, or a part failed.
        Interrupted: If a signal arrived, after the table of what was measured until then.
    """
    options = options_of(arguments)
    device = options["device"]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    end = time.monotonic() + 60 * float(options["minutes"])
    folder = Path(options["out"])
    folder.mkdir(parents=True, exist_ok=True)
    results = {name: part_without_figures("not run") for name in options["only"].split(",")}
    facts = {**stamp(machine()), "device": device}
    try:
        for name in results:
            part = results[name] = run_part(name, device, end, folder, options)
            write_json(folder / "gpu.json", {**facts, "parts": results})
            print(f"{name}: {part['state']}, {part['seconds']:.0f} s", flush=True)
            if signum := part.get("signal"):
                raise Interrupted(signum, None)
    finally:
        show(results, device)
    failed = [f"{name} ({part['state']})" for name, part in results.items() if "error" in part]
    if failed:
        raise ValueError(f"parts that failed: {', '.join(failed)}; see {folder / 'gpu.json'}")


def options_of(arguments: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE arguments over the defaults.

    Raises:
        ValueError: If a key or a part is unknown, or minutes is not a positive number.
    """
    options = dict(DEFAULTS)
    for word in arguments:
        key, equals, value = word.partition("=")
        if key not in options or not equals or not value:
            raise ValueError(unknown("option", word, (f"{option}=VALUE" for option in options)))
        options[key] = value
    for name in options["only"].split(","):
        check_choice("part", name, PARTS)
    minutes = options["minutes"].replace(".", "", 1)
    if not minutes.isdecimal() or float(options["minutes"]) <= 0:
        raise ValueError(f"minutes={options['minutes']} is not a positive number")
    check_choice("device", options["device"], ("auto", "cpu", "cuda"))
    if options["device"] == "cuda" and not torch.cuda.is_available():
        raise ValueError("device=cuda needs a GPU, and torch finds none; use device=cpu")
    return options


def run_part(
    name: str, device: str, end: float, folder: Path, options: Mapping[str, str]
) -> dict[str, Any]:
    """One part in a process of its own: its figures, and how it ended."""
    longer = max(1.0, float(options["minutes"]) / float(DEFAULTS["minutes"]))
    limit = min(longer * PARTS[name].seconds, end - time.monotonic())
    if limit < LEAST:
        return part_without_figures("not run: no time left")
    file = folder / f"gpu-{name}.json"
    file.unlink(missing_ok=True)
    places = [str(Path(options[key]).resolve()) for key in ("camvid", "weights")]
    command = [sys.executable, "-c", CHILD, name, device, str(limit - 5), str(file), *places]
    start = time.monotonic()
    log = folder / f"gpu-{name}.log"
    with log.open("w") as lines:
        end_of_part = _wait(command, lines, limit)
    result = {"seconds": time.monotonic() - start, **read(file), **end_of_part}
    if "error" in result:
        result["error"] = log.read_text()[-2000:]
    file.unlink(missing_ok=True)
    log.unlink()
    return result


def part_without_figures(state: str) -> dict[str, Any]:
    """The result of a part that was not run.

    Args:
        state: What is printed and stored about it.
    """
    return {"state": state, "seconds": 0.0, "goals": [], "details": {}}


def _wait(command: Sequence[str], lines: IO[str], limit: float) -> dict[str, Any]:
    paths = [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    places = {"cwd": ROOT, "env": environment, "stdout": lines, "stderr": subprocess.STDOUT}
    try:
        with running(command, **places) as process:
            code = process.wait(limit)
    except subprocess.TimeoutExpired:
        return {"state": f"cut after {limit:.0f} s"}
    except Interrupted as stop:
        return {"state": "interrupted", "signal": stop.signum}
    if code:
        return {"state": f"failed with exit code {code}", "error": ""}
    return {"state": "done"}


def child(name: str, device: str, seconds: str, file: str, camvid: str, weights: str) -> None:
    """Run a part in its own process."""
    PARTS[name].run(Context(device, float(seconds), Path(file), Path(camvid), Path(weights)))


def show(results: Mapping[str, Mapping[str, Any]], device: str) -> None:
    """Print all figures that have a goal as one table, and name the parts that are not complete."""
    where = torch.cuda.get_device_name() if device == "cuda" else "CPU, tiny: not a measurement"
    goals = [
        Goal(**{key: value for key, value in goal.items() if key != "reached"})
        for part in results.values()
        for goal in part["goals"]
    ]
    console = wide_console()
    console.print(goal_table(f"{where}, torch {torch.__version__}", goals))
    for name, part in results.items():
        if part["state"] != "done":
            console.print(f"{name}: {part['state']}")
