"""The memory of a training on rasters larger than it, measured in processes of their own."""

import subprocess
import sys

import numpy as np
import pytest
from geotiffs import SYSTEM, coordinates, place, raster_set

rasterio = pytest.importorskip("rasterio")

SIDE = 40_000
"""Pixels of a side: 4.8 GB of image and 1.6 GB of label."""

PROGRAM = """
import resource, sys
from segadapt.cli.train import main
main(sys.argv[1:])
peaks = [resource.getrusage(who).ru_maxrss for who in (
    resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(*peaks)
"""


def write_huge(file, tile, nodata):
    """The same tile again and again; only its first copy needs to be compressed by us."""
    file.parent.mkdir(parents=True, exist_ok=True)
    planes = tile[None] if tile.ndim == 2 else np.moveaxis(tile, -1, 0)
    profile = {"driver": "GTiff", "height": SIDE, "width": SIDE, "count": len(planes)}
    tiling = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    where = {"crs": SYSTEM, "transform": place(), "nodata": nodata, "SPARSE_OK": True}
    with rasterio.open(file, "w", dtype="uint8", **profile, **tiling, **where) as target:
        for top in range(0, SIDE - 512, 2048):  # the rest stays empty and has no data
            for left in range(0, SIDE - 512, 2048):
                target.write(planes, window=rasterio.windows.Window(left, top, 512, 512))


def peaks_of(root, run):
    """Peak memory of a training of four steps and of its largest worker, in MiB."""
    words = ["data=folder", f"data.root={root}", "data.windows=512", "data.num_classes=3"]
    words += ["data.steps=4", "data.eval_every=4", "data.batch_size=4", "data.num_workers=2"]
    words += ["data.crop=[128,128]", "data.pretrained=false", "data.allow=[shared_files,ignored]"]
    words += ["model=tiny", "classifier=fixed", "trainer=cpu", "logger=none", "callbacks=none"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words, f"hydra.run.dir={run}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(peak) / 1024 for peak in done.stdout.splitlines()[-1].split()]


@pytest.mark.slow
def test_a_training_on_40_000_x_40_000_pixels_takes_less_than_2_gib_more(tmp_path):
    raster_set(tmp_path / "small", 600, 600)
    usual = peaks_of(tmp_path / "small", tmp_path / "small-run")
    image, label = coordinates(512, 512)
    raster_set(tmp_path / "huge", 600, 600, splits=("val",))
    write_huge(tmp_path / "huge/train/images/scene.tif", np.maximum(image, 1), 0)
    write_huge(tmp_path / "huge/train/labels/scene.tif", label, 255)
    peaks = peaks_of(tmp_path / "huge", tmp_path / "huge-run")
    more = [peak - before for peak, before in zip(peaks, usual, strict=True)]
    assert more[0] + 2 * more[1] < 2048
