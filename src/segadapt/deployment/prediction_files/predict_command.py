"""The options of ``segadapt predict`` as work: networks, images and outputs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from segadapt.deployment.inputs.sources import Source, found_images, is_video
from segadapt.deployment.prediction.image_files import NUMBERS
from segadapt.deployment.prediction_files.folder import close_folder, open_folder
from segadapt.deployment.prediction_files.networks import open_networks
from segadapt.deployment.prediction_files.outputs import Style, check_branches, check_outputs
from segadapt.deployment.prediction_files.predict_files import image_format, predict_files
from segadapt.deployment.prediction_files.raster_files import (
    check_rasters,
    divided,
    predict_rasters,
)
from segadapt.deployment.prediction_files.video_command import predict_video_command
from segadapt.deployment.prediction_files.work import Work, check_places
from segadapt.files import expanded
from segadapt.text.choices import check_choice

SMALLEST: Final = 64
"""Pixels of the side of a window."""


def predict_command(
    options: Mapping[str, Any], settings: Mapping[str, Any], console: Console
) -> int:
    """Predict with the options of conf/predict.yaml.

    Args:
        options: A value for each of its keys.
        settings: Settings of the inference.
        console: Console for progress and summary.

    Returns:
        How many images, or videos, could not be predicted as a whole.

    Raises:
        ValueError: If an option does not fit, or there is nothing to predict.
    """
    out = expanded(options["out"])
    _check(options, out)
    if is_video(options["images"]):
        return predict_video_command(options, settings, out, console)
    sources = found_images(options["images"], out)
    labels = {} if options["labels"] is None else _labels(expanded(options["labels"]), sources)
    folders = [options["run"], *([] if options["beside"] is None else [options["beside"]])]
    networks = open_networks(folders, options, settings)
    check_branches(options["save"], networks[0].model.trained.network)
    work = Work(
        networks=networks,
        out=out,
        save=options["save"],
        style=Style(options["numbers"], options["opacity"], options["legend"]),
        labels=labels,
        windows=options["windows"] or networks[0].model.trained.data.windows,
        **{key: options[key] for key in ("batch_size", "workers", "max_pixels", "overwrite")},
    )
    check_places(sources, work)
    rasters, others = divided(sources, work)
    if rasters:
        check_rasters(work)
    image_format(work)  # refused here, rather than at each image
    return _predict(rasters, others, work, console)


def _predict(
    rasters: Sequence[Source], others: Sequence[Source], work: Work, console: Console
) -> int:
    """Predict into a folder whose ledger says that it is finished when both kinds are."""
    folder = open_folder(work, console)
    facts = predict_rasters(rasters, work, folder, console) if rasters else {}
    facts |= predict_files(others, work, folder, console) if others else {}
    close_folder(work, folder, facts)
    return sum(len(facts.get(key, ())) for key in ("skipped", "skipped_rasters"))


def _check(options: Mapping[str, Any], out: Path) -> None:
    """Check the options before a network is loaded."""
    check_outputs(options["save"])
    check_choice("numbers", options["numbers"], NUMBERS)
    if not 0 <= options["opacity"] <= 1:
        raise ValueError(f"opacity={options['opacity']} is out of range; choose 0 to 1")
    for key in ("batch_size", "workers", "max_pixels"):
        if options[key] < 1:
            raise ValueError(f"{key}={options[key]} is out of range; choose 1 or more")
    if options["windows"] != 0 and options["windows"] < SMALLEST:
        raise ValueError(
            f"windows={options['windows']} is out of range; choose {SMALLEST} or more, or 0"
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"out={out} is not a folder; choose another name")


def _labels(place: Path, sources: Sequence[Source]) -> dict[Path, Path]:
    """The label file of each image: the file itself, or one of the same name in a folder.

    Raises:
        ValueError: If there is none for an image.
    """
    if place.is_file() and len(sources) == 1:
        return {sources[0].name: place}
    if not place.is_dir():
        raise ValueError(
            f"labels={place} is not a folder of label files; pass one with the names of the images"
        )
    files = {name: place / name.with_name(f"{name.name}.png") for _, name in sources}
    if missing := [str(file) for file in files.values() if not file.is_file()]:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise ValueError(f"{len(missing)} of {len(files)} images have no label: {shown}")
    return files
