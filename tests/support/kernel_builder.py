"""Compiles the Triton kernels as a launch would, for a card that need not be there.

``python kernel_builder.py CAPABILITY`` prints what each of them needs of a multiprocessor. It is
a process of its own, because tests interpret Triton's kernels, and a process does either.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import torch
import triton
from triton.backends.compiler import GPUTarget

from segadapt.losses.kernels import launch

KERNELS = ("log_normalizers", "sigmoid_sums", "cell_gradients")
SIZES = ((3, 5, 12, 20), (16, 32, 64, 128), (1, 7, 1, 30))


class Warmed:
    """A kernel that is compiled where it would be launched."""

    def __init__(self, kernel):
        self.kernel, self.compiled = kernel, {}

    def __getitem__(self, grid):
        def launch(*arguments, **constants):
            found = self.kernel.warmup(*arguments, grid=grid, **constants)
            self.compiled[found.hash] = found

        return launch


@contextmanager
def kernels(capability: int) -> Iterator[dict[str, Warmed]]:
    driver = SimpleNamespace(
        get_current_target=lambda: GPUTarget("cuda", capability, 32),
        get_current_device=lambda: 0,
        get_current_stream=lambda device: 0,
    )
    warmed = {name: Warmed(getattr(launch, name)) for name in KERNELS}
    triton.runtime.driver.set_active(driver)
    with patch.multiple(launch, **warmed):
        yield warmed


def launch_all(dtype: torch.dtype, classes: int, size: tuple[int, int, int, int]) -> None:
    """Launch the kernels of cross-entropy, of Dice, and of both."""
    height, width, rows, columns = size
    scores = torch.zeros(2, classes, height, width, dtype=dtype)
    mask, table = torch.zeros(2, rows, columns, dtype=torch.uint8), torch.zeros(2, classes)
    pixels, one = launch.pixels_of(scores, mask, False), torch.ones(())
    _, normalizers = launch.cross_entropy(pixels, table)
    launch.sums_of_sigmoid(pixels)
    slopes = torch.zeros(2, 3, classes)
    launch.gradient(pixels, table, normalizers, None, one)
    launch.gradient(pixels, None, None, slopes, one)
    launch.gradient(pixels, table, normalizers, slopes, one)


def used(compiled) -> dict[str, int]:
    """Registers and bytes of the stack of a thread, bytes of shared memory of a program."""
    folder = Path(triton.__file__).parent / "backends" / "nvidia" / "bin"
    file = Path(sys.argv[2]) / "kernel.cubin"
    file.write_bytes(compiled.asm["cubin"])
    command = [folder / "cuobjdump", "-res-usage", file]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    numbers = {name: int(number) for name, number in re.findall(r"(REG|STACK|LOCAL):(\d+)", text)}
    return {**numbers, "SHARED": compiled.metadata.shared}


def main() -> None:
    found = []
    for dtype in launch.PRECISIONS:
        for classes in (11, 150):
            with kernels(int(sys.argv[1])) as warmed:
                for size in SIZES:
                    launch_all(dtype, classes, size)
            for name, kernel in warmed.items():
                needs = [used(each) for each in kernel.compiled.values()]
                about = {"kernel": name, "dtype": str(dtype), "classes": classes}
                found.append({**about, "needs": needs})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
