"""Large TIFFs of ``segadapt predict``: read by windows, and written as GeoTIFFs of labels."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console

from segadapt.data.files.raster_windows import Raster, header_of
from segadapt.deployment.inputs.sources import Source
from segadapt.deployment.prediction.raster_labels import RasterLabels, sight_of
from segadapt.deployment.prediction_files.folder import Folder, unfinished
from segadapt.deployment.prediction_files.geotiff import label_raster, numbering
from segadapt.deployment.prediction_files.progress import progress
from segadapt.deployment.prediction_files.work import Work, place_of
from segadapt.text.borders import print_line
from segadapt.text.terminal import say

SUFFIXES: Final = (".tif", ".tiff")

SIDE: Final = 1024
"""Pixels of the side of a window where neither the command nor the training says so."""

LABELS: Final = "labels"

KIND: Final = "raster"
"""Kind of the files in inputs.csv; labels are of images that are read whole."""


class Divided(NamedTuple):
    """Images by how they are read."""

    rasters: list[Source]
    others: list[Source]


def divided(sources: Sequence[Source], work: Work) -> Divided:
    """Separate TIFFs that are read by windows from images that are read whole.

    They are all where ``windows`` is set, and else those of more than ``max_pixels``. What is not a
    readable TIFF is left to those who read images whole, and say why not.
    """
    rasters = [source for source in sources if _is_raster(source.file, work)]
    return Divided(rasters, [source for source in sources if source not in set(rasters)])


def predict_rasters(
    sources: Sequence[Source], work: Work, folder: Folder, console: Console
) -> dict[str, Any]:
    """Predict rasters one after the other; those that are there already are kept.

    Args:
        sources: TIFFs.
        work: Files to write for them.
        folder: Records of the folder that they are written to.
        console: Console for progress and summary.

    Returns:
        Facts for predictions.json, with those that could not be read in ``skipped_rasters``.

    Raises:
        OSError: If a file cannot be written.
    """
    if unwritten := [kind for kind in work.save if kind != LABELS]:
        say(console, f"note: of rasters read by windows, no {' or '.join(unwritten)} is written")
    todo = unfinished(
        sources, folder, [KIND], lambda source: [raster_file(work.out, source)], console
    )
    skipped = []
    for source in todo:
        try:
            before = folder.finished.before(source)
            _predict(source, work, console)
            folder.finished.add(source, [KIND], folder.finished.after(source, before))
        except ValueError as error:
            print_line(f"skipped: {error}", error=True)
            skipped.append({"file": str(source.file), "reason": str(error)})
    kept = f", {len(sources) - len(todo)} kept from before" if len(todo) < len(sources) else ""
    made = len(todo) - len(skipped)
    plural = "" if made == 1 else "s"
    say(console, f"predicted {made} raster{plural}{kept}", f"written to: {work.out}")
    return {"rasters": len(sources), "skipped_rasters": skipped}


def raster_file(out: Path, source: Source) -> Path:
    """The file for the labels of a raster."""
    return place_of(out / LABELS, source.name, ".tif")


def _predict(source: Source, work: Work, console: Console) -> None:
    """Write the labels of one raster.

    Raises:
        ValueError: If it cannot be read.
        OSError: If its labels cannot be written.
    """
    started = time.monotonic()
    network, image = work.networks[0], Raster(source.file)
    data = network.model.trained.data
    sight = sight_of(network.predictor.inference, work.windows or SIDE)
    blocks = RasterLabels(network.predictor, image, data.form, sight)
    file = raster_file(work.out, source)
    numbers = numbering(data.labels, work.style.numbers)
    with (
        label_raster(file, image, numbers, data.colors) as written,
        progress(console, len(blocks), "blocks") as step,
    ):
        for box, labels, valid in blocks:
            written.write(box, None if labels is None else labels.cpu().numpy(), valid)
            step()
    height, width = image.size
    say(
        console,
        f"{file}: {height:,} x {width:,} pixels in {time.monotonic() - started:.1f} s; pixels "
        f"without data are {numbers.ignored}",
    )


def check_rasters(work: Work) -> None:
    """Refuse anything but labels of one network, by windows.

    Args:
        work: Files to write for rasters.

    Raises:
        ValueError: If something else is asked for.
    """
    if LABELS not in work.save:
        raise ValueError(
            f"save={','.join(work.save)} cannot be made of rasters that are read by windows; "
            "add labels"
        )
    if len(work.networks) > 1 or work.labels:
        raise ValueError(
            "rasters that are read by windows have no panels; remove beside= and labels=, and "
            "measure with segadapt evaluate"
        )
    sight_of(work.networks[0].predictor.inference, work.windows or SIDE)


def _is_raster(file: Path, work: Work) -> bool:
    if file.suffix.lower() not in SUFFIXES:
        return False
    try:
        header = header_of(file)
    except ValueError:
        return False
    return work.windows is not None or header.height * header.width > work.max_pixels
