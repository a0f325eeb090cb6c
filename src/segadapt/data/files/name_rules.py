"""Pairs of images and labels by rules of their names: ``{name}.jpg`` with ``{name}_mask.png``."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.files.layout import LABEL_SUFFIXES, Found, joined
from segadapt.data.files.pairs import SUFFIXES, files_below

NAME, SPLIT = "{name}", "{split}"

PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")


class Rule(NamedTuple):
    """Name pattern of files of one kind.

    Attributes:
        key: Setting that the rule comes from.
        text: Path below the data set's folder; ``{name}`` is what image and label share, which may
            hold folders, and ``{split}`` the split.
    """

    key: str
    text: str

    def matched(self, root: Path, split: str) -> dict[str, Path]:
        """The files that match the pattern, by the common part of their names.

        Raises:
            ValueError: If the folder that the rule begins with is not there, or two files share a
                name.
        """
        before, after = self.text.replace(SPLIT, split).split(NAME)
        place = self.place(root, split)
        if not place.is_dir():
            raise ValueError(f"folder not found: {place}; correct {self.key} or data.root")
        pattern = re.compile(f"{re.escape(_normal(before))}(.+){re.escape(_normal(after))}")
        named: dict[str, Path] = {}
        for file in files_below(place):
            if match := pattern.fullmatch(_normal(str(file.relative_to(root)))):
                if match[1] in named:
                    raise ValueError(
                        f"{named[match[1]]} and {file} share a name; remove one of them"
                    )
                named[match[1]] = file
        return named

    def place(self, root: Path, split: str) -> Path:
        """The folder that all files of the rule lie below."""
        before = self.text.replace(SPLIT, split).split(NAME)[0]
        return root / before.rpartition("/")[0]

    @property
    def literal(self) -> int:
        """Number of fixed characters: the more there are, the fewer files match the pattern."""
        return len(PLACEHOLDER.sub("", self.text))


def checked_rule(key: str, text: str, suffixes: Sequence[str]) -> Rule:
    """Parse a pattern written by the user.

    Args:
        key: Setting that it comes from.
        text: The rule.
        suffixes: What its files may end in.

    Raises:
        ValueError: If it cannot be followed.
    """
    wrong = [place for place in PLACEHOLDER.findall(text) if place not in (NAME, SPLIT)]
    if wrong or text.count(NAME) != 1:
        problem = f"{wrong[0]} has no meaning" if wrong else f"it must hold {NAME} once"
        raise ValueError(
            f"{key}={text!r}: {problem}; write a path such as {{name}}.png or "
            "{split}/images/{name}.png"
        )
    if text.startswith(("/", "~")) or ".." in text.split("/") or "\\" in text:
        raise ValueError(
            f"{key}={text!r} is not a path below data.root with / between its folders; set "
            "data.root to the folder that holds images and labels"
        )
    if not text.lower().endswith(tuple(suffixes)):
        raise ValueError(f"{key}={text!r} must end in one of {', '.join(suffixes)}")
    return Rule(key, text)


def find_by_rules(root: Path, image: str, label: str, split: str) -> Found:
    """Pairs by two rules. A file that follows both belongs to the one that fixes more of it.

    Args:
        root: Folder of the data set.
        image: Rule of the images.
        label: Rule of the labels.
        split: What ``{split}`` stands for.

    Raises:
        ValueError: If a rule cannot be followed, no image follows it, or an image or label is
            alone.
    """
    of_images = checked_rule("data.image", image, SUFFIXES)
    of_labels = checked_rule("data.label", label, LABEL_SUFFIXES)
    images, labels = of_images.matched(root, split), of_labels.matched(root, split)
    if of_labels.literal >= of_images.literal:
        images = _but(images, labels)
    else:
        labels = _but(labels, images)
    places = of_images.place(root, split), of_labels.place(root, split)
    if not images:
        raise ValueError(f"no file in {places[0]} matches data.image={image!r}; correct the rule")
    return Found(joined(images, labels, {}, *places), tuple(dict.fromkeys(places)))


def _but(files: dict[str, Path], others: dict[str, Path]) -> dict[str, Path]:
    taken = set(others.values())
    return {name: file for name, file in files.items() if file not in taken}


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)
