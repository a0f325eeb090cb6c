"""Mapping labels of annotations to classes."""

from collections.abc import Iterable, Mapping, Sequence

from segadapt.data.imports.pictures import VOID, Wanted
from segadapt.data.label_table.table import Color
from segadapt.data.names import checked_names
from segadapt.text.choices import unknown


class Classes:
    """The classes of an import and the values of labels.

    Args:
        labels: Names of the regions in the source, in its order.
        wanted: The request.
        void: Labels that the format itself ignores, where they occur.
        background: Whether pixels may have no annotation, so that the background is a class.

    Raises:
        ValueError: If there is no class, two are equal, or an ignored label does not occur.
    """

    def __init__(
        self,
        labels: Iterable[str],
        wanted: Wanted,
        void: Sequence[str] = (),
        background: bool = True,
    ) -> None:
        listed = [label for label in labels if label not in void]
        if strange := [name for name in wanted.ignored if name not in listed]:
            place = f"in {wanted.source}"
            raise ValueError(unknown("label", strange[0], listed[:20], place))
        own = [label for label in listed if label not in wanted.ignored]
        chosen = list(wanted.classes or own)
        if missing := [label for label in own if label not in chosen]:
            raise ValueError(
                f"{wanted.source} has the label {missing[0]!r}, which classes= does not name; add "
                "it there or to ignored="
            )
        below = wanted.background if background else None
        if below is not None and below not in chosen:
            chosen = [below, *chosen]
        self.names = checked_names(chosen, f"the classes of {wanted.source}")
        if len(self.names) >= VOID:
            raise ValueError(f"{wanted.source} has {len(self.names)} classes, too many for labels")
        self._chosen = chosen
        self._values = {name: k for k, name in enumerate(chosen)}
        self._void = {*void, *wanted.ignored}
        self.background = VOID if below is None else self._values[below]

    def value(self, label: str) -> int:
        """The number of a label's class, or ``VOID``."""
        return VOID if label in self._void else self._values[label]

    def colors(self, known: Mapping[str, Color | None]) -> tuple[Color | None, ...]:
        """The colour of each class, by the labels of those that have one."""
        return tuple(known.get(label) for label in self._chosen)
