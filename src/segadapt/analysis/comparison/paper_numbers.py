"""What a paper prints for an experiment, and how far a run is from its conditions."""

from collections.abc import Mapping
from typing import Any


def title(published: Mapping[str, Any]) -> str:
    """Which row of which table an experiment is."""
    return f"{published['paper']} Table {published['table']} ({published['row']})"


def printed(published: Mapping[str, Any]) -> str:
    """The paper's result, as a sentence's end."""
    if "miou" in published:
        return f"printed: {published['miou']:.2f} mIoU"
    return f"printed: {published['fps']:.2f} frames per second"


def departures(
    published: Mapping[str, Any], data: str, model: str, steps: int, warmup: int | None = None
) -> list[str]:
    """In what a run departs from the conditions of the printed number.

    Args:
        published: The config's node of that name.
        data: The run's data set.
        model: The run's network.
        steps: The run's optimiser steps.
        warmup: Of which it warms up, if that is to be said.
    """
    found = [
        f"{ours} for {theirs}"
        for ours, theirs in ((data, published["data"]), (model, published["model"]))
        if ours != theirs
    ]
    if steps != published["steps"]:
        ratio = published["steps"] / steps
        share = f"1:{ratio:g}" if ratio >= 1 else f"{1 / ratio:g}:1"
        warming = "" if warmup is None else f", {warmup} of them warm-up"
        found.append(f"{steps} steps for {published['steps']} ({share}){warming}")
    return found


def announcement(
    published: Mapping[str, Any], data: str, model: str, steps: int, warmup: int
) -> str:
    """One line that says what is about to be repeated, and what is scaled."""
    apart = departures(published, data, model, steps, warmup)
    scaled = f"; scaled: {', '.join(apart)}: not comparable with it" if apart else ""
    return f"{title(published)}, {printed(published)}{scaled}"
