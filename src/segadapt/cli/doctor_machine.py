"""Checks of ``segadapt doctor``: disk, shared memory, decoders and devices."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from segadapt.cli.doctor_findings import BAD, NOTE, OK, Finding
from segadapt.files import expanded

GIB: Final = 2**30
DISK: Final = 5 * GIB
"""Free bytes below which a disk will soon be full of runs."""

SHARED: Final = GIB
"""Bytes of shared memory that loader processes need for waiting batches."""


def disk(runs: str) -> Callable[[], Iterator[Finding]]:
    """Check the free disk space for runs and for the cache of this package.

    Args:
        runs: Folder of the runs.
    """

    def disk() -> Iterator[Finding]:
        from segadapt.data.checks.quick_check import cache_folder

        for name, folder in (("runs", expanded(runs)), ("cache", cache_folder())):
            place = _existing(Path(folder).absolute())
            free = shutil.disk_usage(place).free
            try:
                with tempfile.TemporaryFile(dir=place):
                    pass
            except OSError as error:
                yield Finding(
                    f"disk of {name}", BAD, f"{place}: {error.strerror}", "choose another"
                )
                continue
            state = OK if free >= DISK else NOTE
            advice = "make room: a checkpoint takes three times the size of the network"
            yield Finding(f"disk of {name}", state, f"{free / GIB:.0f} GiB free in {place}", advice)

    return disk


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def shared_memory() -> Iterator[Finding]:
    """Check the shared memory through which loader processes pass batches."""
    place = Path("/dev/shm")
    if not place.is_dir():
        yield Finding("shared memory", NOTE, "/dev/shm does not exist", "use data.num_workers=0")
        return
    free = shutil.disk_usage(place).free
    advice = "start the container with --shm-size=8g, or use data.num_workers=0"
    state = OK if free >= SHARED else NOTE
    yield Finding("shared memory", state, f"{free / GIB:.1f} GiB free", advice)


def decoders() -> Iterator[Finding]:
    """Check that a truncated JPEG is an error: some decoders return half an image."""
    import cv2
    import numpy as np

    from segadapt.data.files.decode import read_image

    draw = np.random.default_rng(0)
    image = cv2.resize(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8), (256, 256))
    _, encoded = cv2.imencode(".jpg", image)
    with tempfile.TemporaryDirectory() as folder:
        whole, half = Path(folder, "whole.jpg"), Path(folder, "half.jpg")
        whole.write_bytes(encoded.tobytes())
        half.write_bytes(encoded.tobytes()[: len(encoded) // 2])
        size = read_image(whole, 10**6, False, lambda _: 1).shape
        try:
            read_image(half, 10**6, False, lambda _: 1)
        except ValueError:
            yield Finding(
                "decoders",
                OK,
                f"OpenCV {cv2.__version__} reads {size[0]} x {size[1]}, "
                "and refuses a truncated JPEG",
            )
        else:
            text = f"OpenCV {cv2.__version__} reads half of a truncated JPEG without an error"
            yield Finding("decoders", BAD, text, "pip install -U opencv-python-headless")


def devices() -> Iterator[Finding]:
    """Report CUDA, its driver, and each GPU with its memory."""
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        yield Finding("CUDA", NOTE, "this build of torch supports the CPU only", CPU_ADVICE)
    elif not torch.cuda.is_available():
        advice = f"check the driver with nvidia-smi; {CPU_ADVICE}"
        yield Finding("CUDA", NOTE, f"torch for CUDA {torch.version.cuda} finds no GPU", advice)
    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        with torch.cuda.device(number):
            half = "with" if torch.cuda.is_bf16_supported() else "without"
        text = f"{properties.name}, {properties.total_memory / GIB:.0f} GiB, {half} bfloat16"
        yield Finding(f"GPU {number}", OK, text)
    yield Finding("CPU", OK, f"{torch.get_num_threads()} threads of torch")


CPU_ADVICE: Final = "trainings use the CPU"
