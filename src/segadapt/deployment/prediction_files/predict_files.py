"""``segadapt predict``: predictions of images as files, resumable, written in parallel."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from rich.console import Console

from segadapt.data.drawing import Picture
from segadapt.data.files.image_format import ImageFormat
from segadapt.deployment.inputs.images import read_one
from segadapt.deployment.inputs.masks import read_mask
from segadapt.deployment.inputs.sources import Source
from segadapt.deployment.prediction.batches import Item
from segadapt.deployment.prediction.image_files import TooLarge, write_picture
from segadapt.deployment.prediction.model import Wanted
from segadapt.deployment.prediction.result import Result
from segadapt.deployment.prediction_files.finished import Finished, Given
from segadapt.deployment.prediction_files.folder import Folder, unfinished
from segadapt.deployment.prediction_files.outputs import OUTPUTS
from segadapt.deployment.prediction_files.overlap import ahead, behind
from segadapt.deployment.prediction_files.panels import panel
from segadapt.deployment.prediction_files.progress import progress
from segadapt.deployment.prediction_files.scores import image_miou, image_scores
from segadapt.deployment.prediction_files.work import (
    PANELS,
    Network,
    Work,
    file_of,
    has_panels,
    kinds_of,
)
from segadapt.evaluation.inference.settings import can_use_labels
from segadapt.text.borders import print_line
from segadapt.text.terminal import say


class Skipped(NamedTuple):
    """An image that has no prediction, and why not."""

    file: str
    reason: str


class Read(NamedTuple):
    """An image that was read, or why not."""

    source: Source
    item: Item | None
    given: Given | None = None
    reason: str = ""


def predict_files(
    sources: Sequence[Source], work: Work, folder: Folder, console: Console
) -> dict[str, Any]:
    """Predict images and write the results; existing ones are kept.

    Args:
        sources: Images.
        work: Files to write for them.
        folder: Records of the folder that they are written to.
        console: Console for progress and summary.

    Returns:
        Facts for predictions.json, with the images that could not be predicted in ``skipped``.

    Raises:
        OSError: If a file cannot be written.
    """
    started = time.monotonic()
    kinds = kinds_of(work)
    todo = unfinished(
        sources,
        folder,
        kinds,
        lambda source: [file_of(work.out, kind, source) for kind in kinds],
        console,
    )
    skipped: list[Skipped] = []
    with (
        progress(console, len(todo), "images") as step,
        behind(work.workers, 2 * work.workers) as write,
    ):
        for read, results in _predicted(todo, work, folder.finished, skipped):
            write(partial(_written, read, results, work, folder, skipped))
            step()
    made, seconds = len(todo) - len(skipped), time.monotonic() - started
    kept = len(sources) - len(todo)
    more = f", {kept} kept from before" if kept else ""
    more += f", {len(skipped)} skipped for the reasons above" if skipped else ""
    rate = f" ({made / seconds:.1f} a second)" if made else ""
    say(
        console,
        f"predicted {made} image{'' if made == 1 else 's'} in {seconds:.1f} s{rate}{more}",
        f"written to: {work.out}",
    )
    return {
        "sources": [str(network.model.info.get("source")) for network in work.networks],
        "images": len(sources),
        "skipped": [one._asdict() for one in skipped],
    }


def _predicted(
    todo: Sequence[Source], work: Work, finished: Finished, skipped: list[Skipped]
) -> Iterator[tuple[Read, list[Result]]]:
    """Results of all networks for each image, in order; images are read ahead."""
    first, *others = work.networks
    waiting: deque[tuple[Read, Item]] = deque()

    def items() -> Iterator[Item]:
        depth = 2 * work.workers + work.batch_size
        for read in ahead(partial(_read, work=work, finished=finished), todo, work.workers, depth):
            if read.item is None:
                _skip(read.source, read.reason, skipped)
            else:
                waiting.append((read, read.item))
                yield read.item

    wanted = _wanted(work)
    for result in first.model.segment(items(), first.predictor, wanted, work.batch_size):
        read, item = waiting.popleft()
        more = [
            next(other.model.segment([item], other.predictor, _second(work, other)))
            for other in others
        ]
        yield read, [result, *more]


def _skip(source: Source, reason: str, skipped: list[Skipped]) -> None:
    print_line(f"skipped: {reason}", error=True)
    skipped.append(Skipped(str(source.file), reason))


def image_format(work: Work) -> ImageFormat:
    """The format in which images are read.

    Raises:
        ValueError: If the networks were trained on images of different channels or depths.
    """
    forms = {network.model.trained.data.form for network in work.networks}
    if len(forms) > 1:
        raise ValueError(
            "the networks were trained on images of different channels or depths; predict with "
            "each on its own"
        )
    return forms.pop()


def _read(source: Source, work: Work, finished: Finished) -> Read:
    try:
        before = finished.before(source)
        photograph = read_one(source.file, work.max_pixels, image_format(work))
        mask = None
        if work.labels:
            contract = work.networks[0].model.trained.data.labels
            mask = read_mask(work.labels[source.name], contract, photograph, work.max_pixels)
        given = finished.after(source, before)
    except ValueError as error:
        return Read(source, None, reason=str(error))
    return Read(source, Item(photograph, mask), given)


def _wanted(work: Work) -> Wanted:
    also = {need for name in work.save if (need := OUTPUTS[name].also) is not None}
    return Wanted("student", frozenset(also | _teacher(work, work.networks[0])))


def _second(work: Work, network: Network) -> Wanted:
    return Wanted("student", frozenset(_teacher(work, network)))


def _teacher(work: Work, network: Network) -> set[str]:
    """The teacher, if there are labels and the classifier adapts once to the image."""
    return {"teacher"} if work.labels and can_use_labels(network.predictor.inference) else set()


def _written(
    read: Read, results: Sequence[Result], work: Work, folder: Folder, skipped: list[Skipped]
) -> None:
    """Write all outputs of an image, or skip it where it is too large for one of them."""
    source = read.source
    try:
        for kind in work.save:
            OUTPUTS[kind].write(results[0], file_of(work.out, kind, source), work.style)
        if has_panels(work):
            write_picture(file_of(work.out, PANELS, source), _panel(results, work))
    except TooLarge as error:
        _skip(source, f"{source.file}: {error}", skipped)
        return
    mask = results[0].mask
    if folder.rows is not None and mask is not None:
        scores = image_scores(results[0].labels, mask, len(results[0].classes))
        folder.rows.add(str(source.name), *scores)
    if read.given is not None:
        folder.finished.add(source, kinds_of(work), read.given)


def _panel(results: Sequence[Result], work: Work) -> Picture:
    first = results[0]
    maps = {} if first.mask is None else {"label": first.mask}
    for network, result in zip(work.networks, results, strict=True):
        maps[network.title] = result.labels
        if result.has("teacher"):
            maps[f"{network.title}, teacher"] = result.of("labels", "teacher")
    titles = [network.title for network in work.networks]
    compared = (titles[0], titles[1]) if len(titles) > 1 else None
    notes = {}
    if first.mask is not None:
        notes = {
            title: f": mIoU {100 * image_miou(maps[title], first.mask, len(first.classes)):.1f} %"
            for title in maps
            if title != "label"
        }
    return panel(first.image, maps, first.classes, first.colors, compared, first.mask, notes)
