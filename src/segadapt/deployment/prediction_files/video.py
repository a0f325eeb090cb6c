"""A video under the colours of its classes: as many frames, as fast and as large."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8
from rich.console import Console

from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction.batches import Item
from segadapt.deployment.prediction.model import Wanted
from segadapt.deployment.prediction.result import Result
from segadapt.deployment.prediction_files.overlap import ahead, behind
from segadapt.deployment.prediction_files.progress import progress
from segadapt.deployment.prediction_files.work import Network
from segadapt.files import staging

CODECS: Final = {".avi": "MJPG", ".mp4": "mp4v"}
"""Codecs by file extension; other videos become .mp4."""

Frame = UInt8[np.ndarray, "H W 3"]


class Clip(NamedTuple):
    """Header of a video."""

    file: Path
    width: int
    height: int
    fps: float
    frames: int
    """Number of frames according to the header, which may be wrong."""


def predict_video(
    clip: Clip,
    network: Network,
    out: Path,
    console: Console,
    batch_size: int = 1,
    opacity: float = 0.5,
) -> int:
    """Write a video of overlays.

    Args:
        clip: From :func:`read_clip`.
        network: Network that predicts.
        out: File to write, .mp4 or .avi; it is whole or not there.
        console: Console for progress.
        batch_size: Frames that are passed through the network together.
        opacity: Opacity of the classes.

    Returns:
        The number of frames.

    Raises:
        ValueError: If no frame can be read, or the video cannot be written.
    """
    items = ahead(partial(_item, clip), _frames(clip), 1, 2 + batch_size)
    results = network.model.segment(
        items, network.predictor, Wanted("student", frozenset()), batch_size
    )
    done = 0
    with (
        _writing(clip, out) as video,
        progress(console, clip.frames, "frames") as step,
        behind(1, 4) as write,
    ):
        for result in results:
            write(partial(_write, video, written_size(clip), result, opacity))
            done += 1
            step()
        if not done:
            raise ValueError(
                f"{clip.file} has no frame that can be read; convert it to H.264 or MJPEG"
            )
    return done


def read_clip(file: Path) -> Clip:
    """Open a video and look at its header.

    Raises:
        ValueError: If it is not a video that OpenCV reads.
    """
    if not file.is_file():
        raise ValueError(f"{file} does not exist; pass an image, a folder, a glob or a video")
    video = cv2.VideoCapture(str(file))
    try:
        size = (video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
        width, height = map(int, size)
        fps, frames = video.get(cv2.CAP_PROP_FPS), int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.isOpened() or not width * height or fps <= 0:
            raise ValueError(f"{file} cannot be read as a video; convert it to H.264 or MJPEG")
    finally:
        video.release()
    return Clip(file, width, height, fps, max(frames, 0))


def written_size(clip: Clip) -> tuple[int, int]:
    """Width and height of the video that is written: OpenCV writes none with odd sides."""
    return clip.width // 2 * 2, clip.height // 2 * 2


def video_file(clip: Clip, folder: Path) -> Path:
    """The file for the overlays of a video."""
    suffix = clip.file.suffix.lower()
    return folder / f"{clip.file.stem}{suffix if suffix in CODECS else '.mp4'}"


def _frames(clip: Clip) -> Iterator[Frame]:
    """The frames, RGB, as players turn them."""
    video = cv2.VideoCapture(str(clip.file))
    try:
        while True:
            success, frame = video.read()
            if not success:
                return
            yield frame
    finally:
        video.release()


def _item(clip: Clip, frame: Frame) -> Item:
    return Item(Photograph(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), str(clip.file)), None)


def _write(video: cv2.VideoWriter, size: tuple[int, int], result: Result, opacity: float) -> None:
    overlay = result.overlay(opacity=opacity, legend=False)[: size[1], : size[0]]
    video.write(cv2.cvtColor(overlay, cv2.COLOR_RGB2BGR))


@contextmanager
def _writing(clip: Clip, out: Path) -> Iterator[cv2.VideoWriter]:
    """A video that takes its place when it is complete."""
    with staging(out) as stage:
        file = stage / f"video{out.suffix}"
        codec = cv2.VideoWriter.fourcc(*CODECS[out.suffix])
        video = cv2.VideoWriter(str(file), codec, clip.fps, written_size(clip))
        try:
            if not video.isOpened():
                raise ValueError(f"{out} cannot be written as a video with this OpenCV")
            yield video
        finally:
            video.release()
        file.replace(out)
