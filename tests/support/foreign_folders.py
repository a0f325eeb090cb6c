"""Run folders as somebody else might have made them: small ones, and many ways to spoil them."""

import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from made_runs import make_run

CLASSES, IMAGES = 3, 4
ANCHORS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = (
    *("", "[]", "null", "{}", "- a", "3", "NaN", "a: 1", '{"state": "finished"}', "\ufeff{}"),
    *("[" * 100_000, "{" * 100_000, '{"a":' * 900 + "1" + "}" * 900, "1" * 5000),
    *(ANCHORS, "a: ${", "a: ${oc.env:HOME}", "!!python/object/apply:os.system [ls]"),
    *("step,val/miou\n1", "step,val/miou\nx,y\n", "val/miou\n0.5\n", '"\n' * 1000, "step\n1\n"),
)
NODES = (
    *("config.yaml", "run.json", "report.json", "sweep.json"),
    *("evaluation/whole-last.json", "features/cache.json"),
)
FILES = (
    *NODES,
    *("overrides.yaml", "metrics.csv", "per_image.npz", "error.txt"),
    *("environment.json", "wandb/id"),
)


def make_folder(place: Path) -> Path:
    """A sweep with a finished run that every command reads something of."""
    folder = make_run(
        place / "sweep" / "0",
        typed=["classifier=cac", "data=made"],
        counts=np.arange(IMAGES * 3 * CLASSES).reshape(IMAGES, 3, CLASSES),
        evaluations={
            "whole-last": (0.5, {"_target_": "segadapt.evaluation.inference.methods.whole"})
        },
    )
    make_run(place / "sweep" / "1", seed=1, typed=["classifier=ssa", "data=made"])
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["paths"]["run"] = str(folder)
    config["trainer"] = {"_target_": "lightning.Trainer", "devices": 1, "accelerator": "cpu"}
    config["monitor"] = "val/miou"
    config["schedule"] = {
        "_target_": "segadapt.training.optim.schedules.Poly",
        "_partial_": True,
        "power": 0.9,
        "steps": 9,
    }
    config["schedule"] |= {"warmup": 0, "min_lr": 0.0}
    config["data"]["steps"] = 9
    config["logger"] = {
        "_target_": "segadapt.training.loggers.wandb_tracker.WandbTracker",
        "folder": str(folder),
        "project": "p",
        "mode": "offline",
    }
    config["callbacks"] = {
        "summary": {
            "_target_": "segadapt.training.callbacks.summary.Summary",
            "folder": str(folder),
        },
        "panels": {
            "_target_": "segadapt.training.callbacks.panels.Panels",
            "folder": f"{folder}/panels",
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    facts = json.loads((folder / "run.json").read_text())
    facts |= {"metrics": {"val/miou": 0.5}, "failures": []}
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "last.ckpt").touch()
    (folder / "wandb").mkdir()
    (folder / "wandb" / "id").write_text("0a1b2c3d")
    (folder / "environment.json").write_text(json.dumps({"torch": "2", "resumed_in": []}))
    (folder / "features").mkdir()
    facts = {"classes": ["a", "b"], "palette": [[0, 0, 0], [1, 1, 1]], "channels": 3}
    facts |= {"precision": "fp32", "crop": [4, 4], "names": {"train": ["x"]}, "source": {}}
    (folder / "features" / "cache.json").write_text(json.dumps(facts))
    (folder / "error.txt").write_text("no room\n\nTraceback ...\n")
    trials = [{"trial": number, "state": "finished"} for number in range(3)]
    (folder.parent / "sweep.json").write_text(json.dumps({"trials": trials}))
    return folder


def spoil(folder: Path, elsewhere: Path, chance: random.Random) -> str:
    """Change a file of a run folder by chance; what was done."""
    name = chance.choice(FILES)
    file = (folder.parent if name == "sweep.json" else folder) / name
    ways: list[Callable[[Path, Path, random.Random], str]] = [_bytes, _text, _kind]
    ways += [_node] * 4 if name in NODES else []
    ways += [_archive] * 3 if name == "per_image.npz" else []
    return f"{name}: {chance.choice(ways)(file, elsewhere, chance)}"


def _bytes(file: Path, elsewhere: Path, chance: random.Random) -> str:
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content))
    match chance.randrange(4):
        case 0:
            content[place:] = b""
        case 1:
            content[place] ^= 1 << chance.randrange(8)
        case 2:
            content[place:place] = chance.randbytes(chance.randrange(1, 20))
        case _:
            content[place:] = content[:place]
    file.write_bytes(content)
    return f"bytes at {place}"


def _text(file: Path, elsewhere: Path, chance: random.Random) -> str:
    text = chance.choice(TEXTS)
    file.write_text(text)
    return f"the text {text[:30]!r}"


def _kind(file: Path, elsewhere: Path, chance: random.Random) -> str:
    file.unlink()
    match chance.randrange(5):
        case 0:
            file.mkdir()
        case 1:
            os.mkfifo(file)
        case 2:
            file.symlink_to("/dev/zero")
        case 3:
            file.symlink_to(elsewhere / "target")
        case _:
            with file.open("wb") as large:
                large.truncate(1 << 33)  # takes no room
    return f"another kind of file: {os.lstat(file).st_mode:o}"


def _values(elsewhere: Path) -> list[Any]:
    hostile = {"_target_": "os.system", "_args_": [f"touch {elsewhere}/x"]}
    writer = {"_target_": "segadapt.training.callbacks.summary.Summary", "folder": f"{elsewhere}/x"}
    return [
        *(None, True, False, 0, -1, 3, 0.5, 1e308, 10**30, float("nan"), float("inf")),
        *("", "x", "x" * 10_000, "\x1b[31m", "${oc.env:HOME}", "${nothing}", "<hidden x>", "???"),
        *(str(elsewhere), "/", "..", "../../x", "\udcff".encode("utf-8", "replace").decode()),
        *([], {}, [[[]]], [1, "a", None], {"a": {"b": 1}}, {3: 4}, hostile, [writer], writer),
    ]


def _node(file: Path, elsewhere: Path, chance: random.Random) -> str:
    read, write = (
        (yaml.safe_load, yaml.safe_dump)
        if file.suffix == ".yaml"
        else (json.loads, lambda content: json.dumps(content))
    )
    content = read(file.read_text())
    parent, key = chance.choice(list(_places(content)))
    if chance.random() < 0.15:
        del parent[key]
        done = "without"
    else:
        parent[key] = chance.choice(_values(elsewhere))
        done = f"{str(parent[key])[:40]!r} at"
    file.write_text(write(content))
    return f"{done} {key}"


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _places(node[key])


def _archive(file: Path, elsewhere: Path, chance: random.Random) -> str:
    names, counts = np.array([f"image {i}" for i in range(IMAGES)]), np.ones((IMAGES, 3, CLASSES))
    arrays: dict[str, Any] = {
        "floats": {"names": names, "counts": counts},
        "negative": {"names": names, "counts": -counts.astype(int)},
        "other classes": {"names": names, "counts": np.ones((IMAGES, 3, 9), int)},
        "two dimensions": {"names": names, "counts": np.ones((IMAGES, 3), int)},
        "more names": {"names": names[:1], "counts": counts.astype(int)},
        "numbers as names": {"names": np.arange(IMAGES), "counts": counts.astype(int)},
        "objects": {"names": np.array([elsewhere, None], object), "counts": counts.astype(int)},
        "no images": {"names": names[:0], "counts": counts[:0].astype(int)},
        "no counts": {"names": names},
        "zeros": {"names": names, "counts": np.zeros((IMAGES, 3, CLASSES), int)},
        "huge": {"names": names, "counts": np.full((IMAGES, 3, CLASSES), 2**62)},
    }
    kind = chance.choice([*arrays, "bomb", "lie"])
    if kind in arrays:
        np.savez_compressed(file, **arrays[kind])
        return kind
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("names", "counts"):
            head = io.BytesIO()
            shape = (1 << 40, 3, 3) if kind == "lie" else ((1 << 30) // 9, 3, 3)
            fields = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(head, fields)
            with archive.open(f"{name}.npy", "w") as entry:
                entry.write(head.getvalue())
                for _ in range(0 if kind == "lie" else 600):
                    entry.write(bytes(1 << 20))
    return kind


def copied(folder: Path, place: Path) -> Path:
    """A fresh copy of a sweep's run, to be spoilt."""
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(folder.parent, place, symlinks=True)
    return place / folder.name
