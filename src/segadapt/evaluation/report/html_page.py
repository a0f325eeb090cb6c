"""A report as one HTML file that needs nothing else: no script, no font, no other file."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import cv2

from segadapt.data.drawing import Picture
from segadapt.evaluation.metrics.adaptation import LEAST_GAP
from segadapt.evaluation.report.gallery import Exhibit
from segadapt.evaluation.report.plots import (
    as_png,
    class_bars,
    confusion_map,
    reliability,
    trimap_curves,
)
from segadapt.text.borders import html_text

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1280px; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff; }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #ccc }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 0.15em 0.8em; text-align: right; border-bottom: 1px solid #eee }
th:first-child, td:first-child, td.text { text-align: left }
thead th { border-bottom: 1px solid #888 }
img { max-width: 100%; display: block } figure { margin: 1em 0 }
figcaption, p.note { color: #555 } pre { background: #f6f6f6; padding: 1em; overflow-x: auto }
tr.mean td { font-weight: bold; border-top: 1px solid #888 }
.wide { overflow-x: auto }
.row { display: flex; flex-wrap: wrap; gap: 1em }
"""


PERCENT: Final = (
    "Percent. Student: what the network answers; coarse: before it adapts to the image; oracle: "
    "adapted by the labels of this one image (training pools classifier.oracle_group images). "
    "Pixels fixed: wrong in the coarse branch and right in the student; broken: the reverse. Gap "
    "closed: the share of the way from coarse to oracle, in the last row that of the mean IoUs; "
    f"-: the oracle is not {100 * LEAST_GAP:g} point better than coarse."
)
BARS: Final = "IoU of each class, the student's best first."
CONFUSIONS: Final = "What the student takes each class for, percent of the class's pixels."
RELIABILITY: Final = (
    "Accuracy by confidence; above the diagonal a branch is right more often than it says."
)
TRIMAP: Final = "mIoU of the pixels near label borders, by how near they are."


def page(report: Mapping[str, Any], worst: Sequence[Exhibit], best: Sequence[Exhibit]) -> str:
    """The page of a report.

    Args:
        report: As JSON has it.
        worst: Images to show, the worst first.
        best: Images to show, the best first.
    """
    results, protocol = report["results"], report["protocol"]
    data = protocol["data"]
    title = f"{data['name']} {data['split']}: mIoU {_percent(results['student']['miou'])}"
    classes = [entry["name"] for entry in results["student"]["classes"]]
    confusion = results["student"]["confusion"]
    parts = [
        f"<h1>{html_text(title)}</h1>",
        _note(protocol),
        _section("Branches", _branches(results), f'<p class="note">{PERCENT}</p>'),
        _section("Classes", _classes(report), _figure(as_png(class_bars(results)), BARS)),
        _section("Near borders and by confidence", _curves(results)),
        _section(
            "Confusions",
            _confusions(report["confusions"]),
            _figure(as_png(confusion_map(confusion, classes)), CONFUSIONS),
        ),
        _section("Worst images", *map(_exhibit, worst)) if worst else "",
        _section("Best images", *map(_exhibit, best)) if best else "",
        _section("Protocol", f"<pre>{html_text(json.dumps(protocol, indent=2))}</pre>"),
    ]
    head = f'<meta charset="utf-8"><title>{html_text(title)}</title><style>{STYLE}</style>'
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _note(protocol: Mapping[str, Any]) -> str:
    inference = ", ".join(f"{name} {value}" for name, value in protocol["inference"].items())
    run = protocol["run"]
    network = " in ".join(" ".join(run["network"][part]) for part in ("classifier", "model"))
    started = f" ({' '.join(run['overrides'])})" if run["overrides"] else ""
    text = (
        f"{network}, run {run['folder']}{started}. "
        f"{protocol['data']['images']} images; {inference.replace('_target_ ', '')}; "
        f"checkpoint {protocol['checkpoint']['file']} of step {protocol['checkpoint']['step']}. "
        f"Absent classes: {protocol['absent_class']}."
    )
    return f'<p class="note">{html_text(text)}</p>'


def _branches(results: Mapping[str, Any]) -> str:
    columns = {
        "mIoU": lambda found: found["miou"],
        "pixel accuracy (aAcc)": lambda found: found["accuracy"],
        "mean accuracy (mAcc)": lambda found: found["mean_accuracy"],
        "frequency-weighted IoU": lambda found: found["frequency_weighted_iou"],
        "boundary IoU": lambda found: found["boundary_iou"],
        "calibration error": lambda found: found["calibration"]["expected_error"],
    }
    rows = [
        [branch, *(_percent(read(found)) for read in columns.values())]
        for branch, found in results.items()
    ]
    return _table(["branch", *columns], rows)


def _classes(report: Mapping[str, Any]) -> str:
    results, adaptation = report["results"], report["adaptation"]
    heads = ["class", "% of the pixels", *(f"IoU {branch}" for branch in results), "accuracy"]
    heads += ["boundary IoU"]
    heads += [] if adaptation is None else ["pixels fixed", "pixels broken", "gap closed"]
    labelled = [sum(row) for row in results["student"]["confusion"]]
    rows = []
    for k, entry in enumerate(results["student"]["classes"]):
        row = [entry["name"], _percent(labelled[k] / max(sum(labelled), 1))]
        row += [_percent(found["classes"][k]["iou"]) for found in results.values()]
        row += [_percent(entry["accuracy"]), _percent(entry["boundary_iou"])]
        rows.append(row + ([] if adaptation is None else _outcome(adaptation["classes"][k])))
    means = [_percent(found["miou"]) for found in results.values()]
    student = results["student"]
    last = [
        "mean; pixels: sum",
        _percent(1.0),
        *means,
        _percent(student["mean_accuracy"]),
        _percent(student["boundary_iou"]),
    ]
    rows.append(last + ([] if adaptation is None else _outcome(adaptation)))
    return _table(heads, rows, last="mean")


def _outcome(entry: Mapping[str, Any]) -> list[str]:
    """Pixels that adaptation fixed and broke, and the share of the gap to the oracle it closed."""
    return [f"{entry['fixed']:,}", f"{entry['broken']:,}", _percent(entry.get("gap_closed"))]


def _curves(results: Mapping[str, Any]) -> str:
    figures, numbers = [_figure(as_png(reliability(results)), RELIABILITY)], ""
    if trimap := results["student"]["trimap"]:
        figures.insert(0, _figure(as_png(trimap_curves(results)), TRIMAP))
        heads = ["mIoU within", *(f"{one['pixels']} px" for one in trimap)]
        rows = [
            [branch, *(_percent(one["miou"]) for one in found["trimap"])]
            for branch, found in results.items()
        ]
        numbers = _table(heads, rows)
    return f'{numbers}<div class="row">{"".join(figures)}</div>'


def _confusions(pairs: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"{pair['label']} taken for {pair['prediction']}",
            f"{pair['pixels']:,}",
            _percent(pair["share"]),
            _percent(pair["cost"]),
        ]
        for pair in pairs
    ]
    heads = ["the student's costliest", "pixels", "% of the label", "mIoU gained if right, points"]
    return _table(heads, rows)


def _exhibit(exhibit: Exhibit) -> str:
    return _figure(_png(exhibit.picture), f"{exhibit.name}: mIoU {_percent(exhibit.miou)}")


def _section(title: str, *parts: str) -> str:
    return f"<h2>{html_text(title)}</h2>\n" + "\n".join(parts)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], last: str = "") -> str:
    """A table; ``last`` is the kind of its last row."""
    head = "".join(f"<th>{html_text(text)}</th>" for text in heads)
    lines = [f"{''.join(f'<td>{html_text(text)}</td>' for text in row)}</tr>" for row in rows]
    kinds = ["<tr>" for _ in rows]
    if last:
        kinds[-1] = f'<tr class="{last}">'
    body = "\n".join(f"{kind}{line}" for kind, line in zip(kinds, lines, strict=True))
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _figure(png: bytes, caption: str) -> str:
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    text = html_text(caption)
    return f'<figure><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def _png(picture: Picture) -> bytes:
    done, content = cv2.imencode(".png", picture[..., ::-1])
    assert done
    return content.tobytes()


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.2f}"
