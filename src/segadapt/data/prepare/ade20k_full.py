"""ADE20K with all of its classes, prepared as for MaskFormer (Cheng et al., 2021).

Its labels are colours: the class of a pixel is red // 10 * 256 + green. Those classes are kept that
occur in both splits, and images are shrunk until their shorter side has 512 pixels. Classes are
numbered in the order of their numbers in ADE20K; their order changes no score.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import Integer, UInt8, UInt16

from segadapt.data.prepare.archive_members import Member, members
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Folder
from segadapt.data.prepare.unpack import damage_said
from segadapt.text.bounded import MIB, parse_json

SHORT: Final = 512
"""Largest length of the shorter side, in pixels."""

NOTHING: Final = 65_535
LARGEST: Final = 64 * MIB
"""Bytes of a file."""

NUMBERS: Final = 25 * 256 + 256
"""Number of classes that colours can encode."""

MEMBER: Final = re.compile(
    r"(?:.*/)?images/ADE/(training|validation)/(?:.*/)?(ADE_\w+_\d{8})(\.jpg|_seg\.png|\.json)"
)


class Scene(NamedTuple):
    """The files of an image."""

    split: str
    name: str
    files: Mapping[str, Member]


def convert(archive: Path, folders: Sequence[Folder], stage: Path, bars: Bars) -> None:
    """Write images, labels and the label table.

    Args:
        archive: ``ADE20K_2021_17_01.zip``.
        folders: What is missing; all are written in any case.
        stage: Where they are written.
        bars: Show how far it is.

    Raises:
        ValueError: If the archive is damaged or lacks a file of an image.
    """
    with damage_said(archive), members(archive) as listed:
        scenes = _scenes(listed, archive)
        held = {"training": set[int](), "validation": set[int]()}
        example: dict[int, Scene] = {}
        with bars.counted("write images", len(scenes)) as advance:
            for scene in scenes:
                for number in _write(scene, stage, archive):
                    held[scene.split].add(number)
                    example.setdefault(number, scene)
                advance(1)
        kept = sorted((held["training"] & held["validation"]) - {0})
        names = [_name(number, example[number], archive) for number in kept]
    _write_table(_told_apart(names, kept), stage)
    with bars.counted("number labels", len(scenes)) as advance:
        for scene in scenes:
            _renumber(_label_file(scene, stage), kept)
            advance(1)


def class_numbers(colors: UInt8[np.ndarray, "H W 3"]) -> UInt16[np.ndarray, "H W"]:
    """ADE20K's number of the class of each pixel, from its red and green."""
    wide = colors.astype(np.uint16)
    return wide[..., 0] // 10 * 256 + wide[..., 1]


def _scenes(listed: Iterator[Member], archive: Path) -> list[Scene]:
    """Images with all of their files, in the order of their names."""
    files: dict[tuple[str, str], dict[str, Member]] = {}
    for member in listed:
        if match := MEMBER.fullmatch(str(member.path)):
            files.setdefault((match[1], match[2]), {})[match[3]] = member
    scenes = [Scene(split, name, files[split, name]) for split, name in sorted(files)]
    for scene in scenes:
        if lacking := {".jpg", "_seg.png", ".json"} - scene.files.keys():
            raise ValueError(f"{archive} has no {scene.name}{min(lacking)}; fetch it again")
    if not scenes:
        raise ValueError(f"{archive} has no images/ADE/training; fetch ADE20K_2021_17_01.zip")
    return scenes


def _content(member: Member, archive: Path) -> bytes:
    if member.size > LARGEST:
        raise ValueError(f"{archive} is hostile: {member.path} has {member.size:,} bytes")
    with member.opened() as file:
        return file.read(LARGEST)


def _write(scene: Scene, stage: Path, archive: Path) -> list[int]:
    """Write an image and the numbers of ADE20K as its label; which of them occur."""
    pixels, colors = (_decoded(scene.files[kind], archive) for kind in (".jpg", "_seg.png"))
    if pixels.shape != colors.shape:
        raise ValueError(f"{archive} is damaged: the label of {scene.name} has another size")
    numbers = class_numbers(colors[..., ::-1])
    height, width = numbers.shape
    if (short := min(height, width)) > SHORT:
        size = (round(width * SHORT / short), round(height * SHORT / short))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
        small = cv2.resize(numbers, size, interpolation=cv2.INTER_NEAREST)
    else:
        small = numbers
    image = stage / "images_detectron2" / scene.split / f"{scene.name}.jpg"
    _encode(image, pixels, (cv2.IMWRITE_JPEG_QUALITY, 95))
    _encode(_label_file(scene, stage), small)
    return np.flatnonzero(np.bincount(numbers.ravel(), minlength=NUMBERS)).tolist()


def _decoded(member: Member, archive: Path) -> UInt8[np.ndarray, "H W 3"]:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(_content(member, archive), np.uint8), flags)
    if pixels is None:
        raise ValueError(f"{archive} is damaged: {member.path} cannot be decoded")
    return pixels


def _encode(file: Path, pixels: Integer[np.ndarray, "H W *c"], options: Sequence[int] = ()) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(file.suffix, pixels, options)[1].tobytes())


def _label_file(scene: Scene, stage: Path) -> Path:
    return stage / "annotations_detectron2" / scene.split / f"{scene.name}.tif"


def _renumber(file: Path, kept: Sequence[int]) -> None:
    table = np.full(NUMBERS, NOTHING, dtype=np.uint16)
    table[list(kept)] = np.arange(len(kept))
    _encode(file, table[cv2.imread(str(file), cv2.IMREAD_UNCHANGED)])


def _name(number: int, scene: Scene, archive: Path) -> str:
    """The annotators' name of a class, from the file next to an image that has it."""
    member = scene.files[".json"]
    content: Any = parse_json(_content(member, archive).decode(errors="replace"), str(member.path))
    try:
        objects = content["annotation"]["object"]
        return next(str(one["name"]) for one in objects if int(one["name_ndx"]) == number)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise ValueError(
            f"{archive} is damaged: {member.path} does not name class {number}, which its label "
            "holds"
        ) from error


def _told_apart(names: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """Names of which no two are alike: different senses of a word get their numbers."""
    pairs = zip(names, numbers, strict=True)
    return [f"{name} ({number})" if names.count(name) > 1 else name for name, number in pairs]


def _write_table(names: Sequence[str], stage: Path) -> None:
    lines = [f"  - {{name: {json.dumps(name)}, numbers: {k}}}" for k, name in enumerate(names)]
    (stage / "classes").mkdir(parents=True)
    text = "\n".join(["classes:", *lines, f"ignored: {NOTHING}", ""])
    (stage / "classes" / "classes.yaml").write_text(text, "utf-8")
