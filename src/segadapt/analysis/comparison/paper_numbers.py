"""Numbers that a paper prints for an experiment, and departures of a run from its conditions."""

from collections.abc import Mapping
from typing import Any


def title(published: Mapping[str, Any]) -> str:
    """Paper, table and row of an experiment."""
    return f"{published['paper']} Table {published['table']} ({published['row']})"


def printed(published: Mapping[str, Any]) -> str:
    """The paper's result, as the end of a sentence."""
    if "miou" in published:
        return f"printed: {published['miou']:.2f} mIoU"
    return f"printed: {published['fps']:.2f} frames per second"


def departures(
    published: Mapping[str, Any], data: str, model: str, steps: int, warmup: int | None = None
) -> list[str]:
    """Departures of a run from the conditions of the printed number.

    Args:
        published: The node ``published`` of the config.
        data: The run's data set.
        model: The run's network.
        steps: The run's optimiser steps.
        warmup: Number of warm-up steps among them, to be mentioned if given.
    """
    differences = [
        f"{ours} for {theirs}"
        for ours, theirs in ((data, published["data"]), (model, published["model"]))
        if ours != theirs
    ]
    if steps != published["steps"]:
        ratio = published["steps"] / steps
        share = f"1:{ratio:g}" if ratio >= 1 else f"{1 / ratio:g}:1"
        warming = "" if warmup is None else f", {warmup} of them warm-up"
        differences.append(f"{steps} steps for {published['steps']} ({share}){warming}")
    return differences


def announcement(
    published: Mapping[str, Any], data: str, model: str, steps: int, warmup: int
) -> str:
    """One line about the experiment that is repeated, and what is scaled."""
    apart = departures(published, data, model, steps, warmup)
    scaled = f"; scaled: {', '.join(apart)}: not comparable with it" if apart else ""
    return f"{title(published)}, {printed(published)}{scaled}"
