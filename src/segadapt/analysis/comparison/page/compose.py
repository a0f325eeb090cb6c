"""The page of a comparison, composed from its data and the template."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from segadapt.analysis.comparison.arms import Arm
from segadapt.analysis.comparison.comparison import Comparison
from segadapt.analysis.comparison.page.charts import (
    Chart,
    Plane,
    chart,
    forest,
    learning_curves,
    scatter,
)
from segadapt.analysis.comparison.page.differences import border_differences, class_differences
from segadapt.analysis.comparison.page.facts import conditions, printed, where
from segadapt.analysis.comparison.page.images import (
    ImageGains,
    ImageView,
    Look,
    image_gains,
)
from segadapt.analysis.comparison.page.looks import page_looks
from segadapt.analysis.comparison.page.verdict import question, verdict
from segadapt.analysis.comparison.power import power_section
from segadapt.analysis.comparison.sections import Section
from segadapt.text.pages import render
from segadapt.text.tables import Table

TEMPLATE: Final = "analysis/comparison/page/page.html"


class Shown(NamedTuple):
    """An image in the list of the largest gains or losses."""

    name: str
    text: str
    view: ImageView | None
    """Its pictures, if the data are available."""


class ArmImages(NamedTuple):
    """The images of one arm."""

    arm: str
    plane: Plane
    lists: dict[str, list[Shown]]
    note: str


def comparison_page(
    comparison: Comparison,
    table: Table,
    costs: Sequence[str],
    look: Look | None = None,
    images: int = 0,
) -> str:
    """Render the page of a comparison.

    Args:
        comparison: Its rows and arms.
        table: Table of the rows.
        costs: Heads of the cost columns, which form a separate table.
        look: Draws images; None shows only their names.
        images: Number of images with the largest gain, and with the largest loss, per arm.
    """
    arms = comparison.arms
    base = next((arm for arm in arms if arm.label == comparison.baseline), None)
    place = where(arms[0].results[0])
    apart = [i for i, head in enumerate(table.head) if head in costs]
    rest = [i for i in range(len(table.head)) if i not in apart]
    return render(
        TEMPLATE,
        title=question(comparison, place),
        verdict=verdict(comparison),
        compared=base is not None and len(arms) > 1,
        looks=page_looks(arm.label for arm in arms),
        arms=table.select(rest),
        costs=table.select([0, *apart]) if apart else None,
        forest=forest(comparison),
        curves=learning_curves(arms),
        classes=None if base is None else _classes(arms, base),
        borders=None if base is None else _borders(arms, base),
        **_shown_images(arms, base, look, images),
        sections=_sections(comparison),
        printed=printed(comparison),
        conditions=conditions(arms),
        notes=comparison.notes,
    )


def _classes(arms: Sequence[Arm], base: Arm) -> Chart | None:
    values, number = class_differences(arms, base)
    some = "" if len(values) == number else f" The most gained and most lost of {number} classes."
    return chart(
        values,
        f"IoU minus that of {base.label}, points: means over common seeds, and lines from the "
        f"lowest to the highest seed.{some}",
    )


def _borders(arms: Sequence[Arm], base: Arm) -> Chart | None:
    return chart(
        border_differences(arms, base),
        f"mIoU minus that of {base.label}, points, of the pixels near label borders: means over "
        "common seeds, and lines from the lowest to the highest seed.",
    )


def _shown_images(
    arms: Sequence[Arm], base: Arm | None, look: Look | None, number: int
) -> dict[str, list[Any]]:
    """Images of the arms, and the names of the arms whose runs do not allow them."""
    others = {arm.label: image_gains(arm, base) for arm in arms if arm is not base} if base else {}
    return {
        "images": [_arm_images(gains, look, number) for gains in others.values() if gains],
        "uncounted": [label for label, gains in others.items() if gains is None],
    }


def _arm_images(gains: ImageGains, look: Look | None, number: int) -> ArmImages:
    places = {"gained": gains.most_gained(number), "lost": gains.most_lost(number)}
    names = [gains.names[i] for listed in places.values() for i in listed]
    views = look(gains, names) if look is not None and names else None
    pictures = {} if views is None else views.images
    lists = {
        kind: [
            Shown(
                gains.names[i],
                f"{gains.theirs[i]:.1f} to {gains.ours[i]:.1f} % mIoU",
                pictures.get(gains.names[i]),
            )
            for i in listed
        ]
        for kind, listed in places.items()
    }
    label = gains.arm.label
    plane = scatter(label, gains.base.label, gains.ours, gains.theirs)
    return ArmImages(label, plane, lists, "" if views is None else views.note)


def _sections(comparison: Comparison) -> list[Section]:
    """The requested tables, and always that of power if there are two seeds."""
    sections = list(comparison.sections)
    if not any(section.title == "Power" for section in sections):
        power = power_section({row.arm: row.difference for row in comparison.rows})
        sections += [] if power is None else [power]
    return sections
