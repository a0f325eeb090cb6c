"""Quick check of a data set before each training: headers, sizes and classes."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, cast

from segadapt.data.checks.first_look import NAMES, first_look, swapped
from segadapt.data.checks.occurrence import Verdict, verdict
from segadapt.data.dataset import LabelledDataset, SegmentationDataset
from segadapt.data.files import npy, tiff_header
from segadapt.data.files.decode import check_limit, read_image
from segadapt.data.files.image_format import PLAIN, ImageFormat
from segadapt.data.files.image_headers import Head, bit_depth
from segadapt.data.files.label_files import NUMBERS, label_size
from segadapt.data.files.label_values import LabelForm
from segadapt.data.files.orientation import check_upright
from segadapt.data.files.pairs import Pair
from segadapt.files import expanded, replace_text, state_of
from segadapt.text.borders import printable_values
from segadapt.text.choices import check_choice
from segadapt.text.invocation import command

VERSION: Final = 5
"""Version of the checks; cached findings of other versions are not used."""


def look_at(
    splits: Mapping[str, LabelledDataset],
    cache: Path,
    trained: str = "training",
    allow_empty_classes: bool = False,
    allow: Collection[str] = (),
) -> str | None:
    """Check all files of a data set, unless the same files passed before.

    Args:
        splits: The parts of the data set, by what to call them.
        cache: Where it is remembered that a data set was in order; made where it is missing.
        trained: The part of which all classes are looked for.
        allow_empty_classes: Whether a part may have pixels of one class only.
        allow: Names of findings that are accepted.

    Returns:
        Lines to print; None where no split is made of files.

    Raises:
        ValueError: If a file would end the training, or nothing could be learnt, in one sentence.
    """
    # what has files has labels
    parts = {name: cast(SegmentationDataset, part) for name, part in splits.items() if part.files}
    if not parts:
        return None
    started = time.perf_counter()
    images = " and ".join(f"{len(part.files)} {name}" for name, part in parts.items())
    mark = cache / "checked" / files_digest(list(parts.values()))
    if (before := _read_cache(mark)) is not None:
        summary = f"data: {images} images, unchanged since the last check"
        verdict = before
    else:
        _check_headers(list(parts.values()))
        verdict = judged(parts, trained)
        kept = _remember(mark, verdict)
        seconds = time.perf_counter() - started
        summary = f"data: {images} images, headers checked in {seconds:.1f} s{kept}"
    if verdict.refusal and not allow_empty_classes:
        raise ValueError(verdict.refusal)
    if refused := refusals(verdict, allow):
        raise ValueError(refused[0])
    accepted = [f"data: allowed ({name}): {sentence}" for name, sentence in verdict.findings]
    of_files = dict.fromkeys(note for part in parts.values() for note in part.notes)
    return "\n".join([summary, *(f"data: {note}" for note in of_files), *verdict.notes, *accepted])


def _check_headers(parts: Sequence[LabelledDataset]) -> None:
    wrong = [sentence for part in parts for sentence in mistakes(part)]
    if wrong:
        own = [cast(SegmentationDataset, part) for part in parts if part.is_own]
        if notices := [notice for part in own for notice in swapped(part, part.split)]:
            raise ValueError(notices[0].sentence)
        more = f" (and {len(wrong) - 1} more files like this)" if wrong[1:] else ""
        raise ValueError(f"{wrong[0]}{more}; {command('check-data')} lists all of them")


def refusals(verdict: Verdict, allow: Collection[str]) -> list[str]:
    """Sentences about the findings that are not accepted, each with the way to accept it.

    Args:
        verdict: The verdict.
        allow: Names that are accepted.

    Raises:
        ValueError: If a name is unknown.
    """
    for name in allow:
        check_choice("data.allow", name, NAMES)
    return [
        f"{sentence}, or set data.allow=[{','.join((*allow, name))}] if this is meant"
        for name, sentence in verdict.findings
        if name not in allow
    ]


def judged(parts: Mapping[str, SegmentationDataset], trained: str) -> Verdict:
    """The verdicts on all parts as one."""
    verdicts = [verdict(part, name, name == trained) for name, part in parts.items()]
    refused = [one.refusal for one in verdicts if one.refusal]
    refusal = next(iter(refused), None)
    own = {name: part for name, part in parts.items() if part.is_own}
    # The refusal may be waived, which says nothing about the findings.
    findings = list(first_look(own, trained))
    return Verdict(refusal, [note for one in verdicts for note in one.notes], findings)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache folder of this package, which is never in the data set's own folder.

    Args:
        environment: Variables; SEGADAPT_CACHE is the folder, or XDG_CACHE_HOME the one above it. A
            user without a home folder, as containers have them, gets one for temporary files.
    """
    if chosen := environment.get("SEGADAPT_CACHE"):
        return expanded(chosen)
    if above := environment.get("XDG_CACHE_HOME"):
        return expanded(above) / "segadapt"
    try:
        return Path.home() / ".cache" / "segadapt"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"segadapt-{os.getuid()}"


def files_digest(splits: Sequence[SegmentationDataset]) -> str:
    """A digest of names and states of all files, and of what is asked of them.

    Raises:
        ValueError: If a file is not there.
    """
    digest = hashlib.sha256(f"{VERSION}".encode())
    for split in splits:
        asked = (split.max_pixels, split.as_stored, *split.form, *split.classes)
        meaning = (split.labels.table, split.labels.form)
        digest.update(f"\0{asked}\0{meaning}".encode())
        if split.windows is not None:
            digest.update(f"\0{split.windows.cell}".encode())
        for pair in split.files:
            for file in pair:
                digest.update(f"\0{file}\0{state_of(file)}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def mistakes(split: LabelledDataset) -> list[str]:
    """Errors of images and labels according to their headers, one sentence per pair."""

    def compared(pair: Pair) -> None:
        compare(pair, split.max_pixels, not split.as_stored, split.form, form_of(split))

    windows = split.windows if isinstance(split, SegmentationDataset) else None
    check = compared if windows is None else windows.check

    def sentence(pair: Pair) -> str | None:
        try:
            check(pair)
        except ValueError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        sentences = list(pool.map(sentence, split.files))
    return [text for text in sentences if text is not None]


def form_of(split: LabelledDataset) -> LabelForm:
    """The form of values allowed in the label files of a split."""
    return split.labels.form if isinstance(split, SegmentationDataset) else NUMBERS


def compare(
    pair: Pair,
    max_pixels: int,
    upright: bool = False,
    form: ImageFormat = PLAIN,
    label_form: LabelForm = NUMBERS,
) -> None:
    """Check the headers of an image and its label.

    Args:
        pair: Their files.
        max_pixels: Larger images are refused.
        upright: Whether images that EXIF turns are refused, as far as the first bytes tell.
        form: Channels and depth of the images. Only the pixels tell whether others than 8-bit RGB
            are in order, so they are decoded.
        label_form: What the label may hold.

    Raises:
        ValueError: If one is unreadable or no image, they differ in size, are too large or turned.
    """
    head = Head(pair.image)
    height, width = head.size()
    if upright:
        check_upright(head.data, str(pair.image))
    check_limit((height, width), pair.image, max_pixels)
    raster = head.data.startswith((npy.SIGNATURE, *tiff_header.SIGNATURES))
    if raster or bit_depth(head.data) > 8 or not form.is_plain:
        read_image(pair.image, max_pixels, form=form)
    label = label_size(pair.label, label_form)
    if label is not None and label != (height, width):
        raise ValueError(
            f"{pair.image} has {height} x {width} pixels, but its label {pair.label} has "
            f"{label[0]} x {label[1]}; both must have the same size"
        )


def _read_cache(mark: Path) -> Verdict | None:
    """The cached findings; None if there are none that can be read."""
    try:
        kept: dict[str, Any] = json.loads(mark.read_text())
        refusal = kept["refusal"]
        notes = [str(note) for note in kept["notes"]]
        findings = [(str(name), str(sentence)) for name, sentence in kept["findings"]]
        return Verdict(refusal, notes, findings) if isinstance(refusal, str | None) else None
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _remember(mark: Path, verdict: Verdict) -> str:
    """Leave a mark; an unwritable home does not prevent a training, but is reported."""
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        replace_text(mark, json.dumps(printable_values(verdict._asdict())))
    except OSError as error:
        return f" (not remembered: {mark.parent}: {error.strerror})"
    return ""
