"""Memory of large images: the process's own peak, which Linux keeps and resets."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from deployed import write_run

import segadapt

SIDE = 10_000
LIMIT = 2048
"""MiB above what the network takes."""


def resident(entry):
    """MiB of this process: VmRSS now, VmHWM at most since the last reset."""
    (line,) = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(entry)
    ]
    return int(line.split()[1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_windows_bound_the_memory_of_an_image_of_100_megapixels(tmp_path):
    """All scores of its 150 classes would be 60 GB."""
    words = ("data=ade20k", "data.scale=[10000,10000]", "data.multiple=null", "classifier=cac")
    model = segadapt.load(write_run(tmp_path / "run", *words), device="cpu")
    small = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    file = tmp_path / "large.png"
    cv2.imwrite(str(file), cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR))
    model.predict(np.zeros((512, 512, 3), np.uint8))  # what is made once
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    settings = {"window": [1024, 1024], "stride": [1024, 1024]}
    result = model.predict(file, inference="slide", **settings)
    assert result.labels.shape == (SIDE, SIDE)
    assert len(np.unique(result.labels)) > 1
    assert resident("VmHWM") - before < LIMIT
