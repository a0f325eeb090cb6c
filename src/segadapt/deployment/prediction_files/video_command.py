"""``segadapt predict`` of a video: a video of overlays, and what cannot be had of one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from segadapt.deployment.prediction_files.networks import open_networks
from segadapt.deployment.prediction_files.video import (
    Clip,
    predict_video,
    read_clip,
    video_file,
    written_size,
)
from segadapt.files import expanded
from segadapt.text.borders import print_line
from segadapt.text.terminal import say

OVERLAY: Final = {"overlay"}

UNCHANGED: Final[Mapping[str, Any]] = {
    "beside": None,
    "labels": None,
    "numbers": "data",
    "windows": 0,
}
"""Options that change nothing in a video, with their defaults."""

DEFAULT_SAVE: Final = {"labels", "overlay"}
"""``save`` where nothing was asked for."""

TOLERANCE: Final = 50
"""One frame in so many may be missing: headers of some formats only estimate their number."""


def predict_video_command(
    options: Mapping[str, Any], settings: Mapping[str, Any], out: Path, console: Console
) -> int:
    """Predict a video with the options of conf/predict.yaml.

    Args:
        options: A value for each of its keys.
        settings: Settings of the inference.
        out: Folder of the predictions.
        console: Console for progress and summary.

    Returns:
        1 if clearly fewer frames can be read than the header says, else 0.

    Raises:
        ValueError: If the video cannot be read, or something else than overlays is asked for.
    """
    _check_options(options)
    clip = read_clip(expanded(options["images"]))
    _check_size(clip, options["max_pixels"])
    file = video_file(clip, out)
    if file.exists() and (file.samefile(clip.file) or not options["overwrite"]):
        raise ValueError(f"{file} already exists; choose another out=, or overwrite=true")
    (network,) = open_networks([options["run"]], options, settings)
    frames = predict_video(clip, network, file, console, options["batch_size"], options["opacity"])
    say(console, f"predicted {frames} frames ({clip.fps:g} frames per second)")
    if (size := written_size(clip)) != (clip.width, clip.height):
        say(
            console,
            f"note: OpenCV writes videos with even sides only; {clip.width} x {clip.height} became "
            f"{size[0]} x {size[1]}, without the last column or row",
        )
    say(console, f"written to: {file}")
    return _report_missing(clip, frames)


def _check_options(options: Mapping[str, Any]) -> None:
    """Refuse options that would change nothing."""
    wrong = [key for key, default in UNCHANGED.items() if options[key] != default]
    if set(options["save"]) not in (OVERLAY, DEFAULT_SAVE):
        wrong = ["save", *wrong]
    if wrong:
        words = " and ".join(f"{key}=" for key in wrong)
        raise ValueError(f"for a video only overlays are written; remove {words}")


def _check_size(clip: Clip, max_pixels: int) -> None:
    if clip.width * clip.height > max_pixels:
        raise ValueError(
            f"{clip.file} has {clip.width} x {clip.height} pixels, more than "
            f"max_pixels={max_pixels}; raise max_pixels="
        )


def _report_missing(clip: Clip, frames: int) -> int:
    """Report frames that the header promises and the file does not hold.

    Returns:
        1 if they are more than what a header may be wrong by.
    """
    missing = clip.frames - frames
    if missing <= 0:
        return 0
    clearly = missing > max(1, clip.frames // TOLERANCE)
    reason = "the file may be damaged or incomplete" if clearly else "headers may be wrong by a few"
    print_line(
        f"note: {clip.file} has {clip.frames} frames according to its header, and {frames} of them "
        f"could be read; {reason}",
        error=True,
    )
    return int(clearly)
