"""A report as one self-contained HTML file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import cv2

from segadapt.data.drawing import Picture
from segadapt.evaluation.metrics.adaptation import LEAST_GAP
from segadapt.evaluation.report.gallery import Exhibit
from segadapt.evaluation.report.json_report import confusion_of
from segadapt.evaluation.report.plots import (
    MANY,
    as_png,
    class_bars,
    confusion_map,
    reliability,
    trimap_curves,
)
from segadapt.text.pages import png_source, render
from segadapt.text.tables import Table

COLUMNS: Final = {
    "miou": "mIoU",
    "accuracy": "pixel accuracy (aAcc)",
    "mean_accuracy": "mean accuracy (mAcc)",
    "frequency_weighted_iou": "frequency-weighted IoU",
    "boundary_iou": "boundary IoU",
}
"""Titles of the metrics of a branch, by their names in a report."""


def page(report: Mapping[str, Any], worst: Sequence[Exhibit], best: Sequence[Exhibit]) -> str:
    """The page of a report.

    Args:
        report: Report in the form of its JSON file.
        worst: Images to show, the worst first.
        best: Images to show, the best first.
    """
    results, protocol = report["results"], report["protocol"]
    student, data = results["student"], protocol["data"]
    names = [entry["name"] for entry in student["classes"]]
    confusion = confusion_of(student["confusion"])
    return render(
        "evaluation/report/page.html",
        title=f"{data['name']} {data['split']}: mIoU {_percent(student['miou'])}",
        note=_note(protocol),
        branches=_branches(results),
        least_gap=f"{100 * LEAST_GAP:g}",
        classes=_classes(report, confusion.sum(1).tolist()),
        searchable=len(names) > MANY,
        bars=png_source(as_png(class_bars(results))),
        trimap=_trimap(results) if student["trimap"] else None,
        trimap_curves=png_source(as_png(trimap_curves(results))) if student["trimap"] else None,
        reliability=png_source(as_png(reliability(results))),
        confusions=_confusions(report["confusions"]),
        confusion_map=png_source(as_png(confusion_map(confusion, names))),
        galleries={"Worst images": _exhibits(worst), "Best images": _exhibits(best)},
        protocol=json.dumps(protocol, indent=2).splitlines(),
    )


def _note(protocol: Mapping[str, Any]) -> str:
    inference = ", ".join(f"{name} {value}" for name, value in protocol["inference"].items())
    run = protocol["run"]
    network = " in ".join(" ".join(run["network"][part]) for part in ("classifier", "model"))
    started = f" ({' '.join(run['overrides'])})" if run["overrides"] else ""
    return (
        f"{network}, run {run['folder']}{started}. "
        f"{protocol['data']['images']} images; {inference.replace('_target_ ', '')}; "
        f"checkpoint {protocol['checkpoint']['file']} of step {protocol['checkpoint']['step']}. "
        f"Absent classes: {protocol['absent_class']}."
    )


def _branches(results: Mapping[str, Any]) -> Table:
    rows = [
        [
            name,
            *(_percent(branch[key]) for key in COLUMNS),
            _percent(branch["calibration"]["expected_error"]),
        ]
        for name, branch in results.items()
    ]
    return Table(["branch", *COLUMNS.values(), "calibration error"], rows)


def _classes(report: Mapping[str, Any], labelled: Sequence[int]) -> Table:
    results, adaptation = report["results"], report["adaptation"]
    student, branches = results["student"], results.values()
    head = ["class", "% of the pixels", *(f"IoU {name}" for name in results), "accuracy"]
    head += ["boundary IoU"]
    head += [] if adaptation is None else ["pixels fixed", "pixels broken", "gap closed"]
    rows = []
    for k, entry in enumerate(student["classes"]):
        row = [entry["name"], _percent(labelled[k] / max(sum(labelled), 1))]
        row += [_percent(branch["classes"][k]["iou"]) for branch in branches]
        row += [_percent(entry["accuracy"]), _percent(entry["boundary_iou"])]
        rows.append(row + ([] if adaptation is None else _outcome(adaptation["classes"][k])))
    foot = ["mean; pixels: sum", _percent(1.0), *(_percent(branch["miou"]) for branch in branches)]
    foot += [_percent(student["mean_accuracy"]), _percent(student["boundary_iou"])]
    return Table(head, rows, foot + ([] if adaptation is None else _outcome(adaptation)))


def _outcome(entry: Mapping[str, Any]) -> list[str]:
    """Pixels that adaptation fixed and broke, and the fraction of the gap to the oracle closed."""
    return [f"{entry['fixed']:,}", f"{entry['broken']:,}", _percent(entry.get("gap_closed"))]


def _trimap(results: Mapping[str, Any]) -> Table:
    widths = [f"{band['pixels']} px" for band in results["student"]["trimap"]]
    rows = [
        [name, *(_percent(band["miou"]) for band in branch["trimap"])]
        for name, branch in results.items()
    ]
    return Table(["mIoU within", *widths], rows)


def _confusions(pairs: Iterable[Mapping[str, Any]]) -> Table:
    head = ["the student's costliest", "pixels", "% of the label", "mIoU gained if right, points"]
    rows = [
        [
            f"{pair['label']} taken for {pair['prediction']}",
            f"{pair['pixels']:,}",
            _percent(pair["share"]),
            _percent(pair["cost"]),
        ]
        for pair in pairs
    ]
    return Table(head, rows)


def _exhibits(exhibits: Sequence[Exhibit]) -> list[dict[str, str]]:
    return [
        {
            "source": png_source(_png(exhibit.picture)),
            "caption": f"{exhibit.name}: mIoU {_percent(exhibit.miou)}",
        }
        for exhibit in exhibits
    ]


def _png(picture: Picture) -> bytes:
    done, content = cv2.imencode(".png", picture[..., ::-1])
    assert done
    return content.tobytes()


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.2f}"
