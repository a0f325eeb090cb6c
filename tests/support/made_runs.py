"""Run folders that look trained."""

import json
from pathlib import Path

import numpy as np
import yaml

CLASSES = ("sky", "road", "car")


def config(seed, classifier, **data):
    return {
        "data": {
            "name": "made",
            "num_classes": 3,
            "crop": [32, 32],
            **data,
            "module": {"train": {"seed": seed}, "val": {"length": 5}, "seed": seed},
        },
        "classifier": classifier,
        "loss": {"weights": {"student": 1.0, "response": classifier.get("weight", 1.0)}},
        "inference": {"_target_": "segadapt.evaluation.inference.methods.whole", "_partial_": True},
        "seed": seed,
        "paths": {"run": "somewhere"},
    }


def make_run(
    folder: Path,
    seed=0,
    miou=0.5,
    *,
    typed=(),
    classifier=None,
    state="finished",
    published=None,
    label=None,
    protocol=None,
    counts=None,
    data=None,
    validation=None,
    evaluations=None,
):
    """A folder with everything that a comparison reads."""
    folder.mkdir(parents=True)
    made = config(seed, classifier or {"tau": 15.0}, **(data or {}))
    made["published"] = published
    made["data"]["module"]["val"] |= validation or {}
    if label is not None:
        made["label"] = label
    (folder / "config.yaml").write_text(yaml.safe_dump(made))
    (folder / "overrides.yaml").write_text(yaml.safe_dump([*typed, f"seed={seed}"]))
    facts = {
        "state": state,
        "started": "2026-01-01T10:00:00+00:00",
        "ended": "2026-01-01T10:30:00+00:00",
        "starts": 1,
    }
    (folder / "run.json").write_text(json.dumps(facts))
    classes = [{"name": n, "iou": miou + 0.1 * (i - 1)} for i, n in enumerate(CLASSES)]
    report = {
        "step": 100,
        "results": {"student": {"miou": miou, "classes": classes}},
        "protocol": {"ignore_index": 255, "software": {"torch": "2"}, **(protocol or {})},
    }
    (folder / "report.json").write_text(json.dumps(report))
    for name, (other, seen) in (evaluations or {}).items():
        results = {"student": {"miou": other, "classes": classes}}
        evaluated = {"results": results, "protocol": {"inference": seen}}
        (folder / "evaluation").mkdir(exist_ok=True)
        (folder / "evaluation" / f"{name}.json").write_text(json.dumps(evaluated))
    rows = "".join(f"{step},{miou * step / 100}\n" for step in (25, 50, 75, 100))
    (folder / "metrics.csv").write_text(f"step,val/miou\n{rows}")
    if counts is not None:
        names = [f"image {i}" for i in range(len(counts))]
        np.savez(folder / "per_image.npz", names=names, counts=counts)
    return folder
