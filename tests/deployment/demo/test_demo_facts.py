"""Content of the page before a photograph is chosen."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from deployed import scene
from PIL import Image

from segadapt.deployment.demo.facts import page_facts
from segadapt.deployment.demo.samples import Sample, Samples
from segadapt.deployment.demo.uploads import Limits
from segadapt.deployment.inputs.images import read_one
from segadapt.deployment.prediction_files.work import Network

LIMITS = Limits(pixels=10_000, bytes=100_000)
BYTES = os.fsdecode(b"stra\xdfe")
"""A name that was written as Latin-1, as Python reads it."""


def network(name="a", **info):
    """One that nobody asks anything but its names."""
    return Network(
        name,
        SimpleNamespace(
            trained=SimpleNamespace(data=SimpleNamespace(name=f"data {name}")),
            classes=(f"road {name}", "sky"),
            colors=np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8),
            info={"step": 4, "source": f"runs/{name}", **info},
        ),
        None,
    )


def facts(networks, *samples, origin="here"):
    """What a browser reads."""
    found = page_facts(networks, Samples(list(samples), origin), LIMITS)
    return json.loads(json.dumps(found, ensure_ascii=False, allow_nan=False).encode())


def broken():
    raise ValueError("broken.png is truncated")


def test_the_page_knows_classes_colours_and_networks():
    found = facts([network(), network("b", miou=0.5)])
    assert found["data"] == "data a"
    assert found["classes"] == ["road a", "sky"]
    assert found["colors"] == ["rgb(1, 2, 3)", "rgb(4, 5, 6)"]
    assert [run["title"] for run in found["runs"]] == ["a", "b"]
    assert [run["facts"] for run in found["runs"]] == [
        "step 4, runs/a",
        "mIoU 50.0, step 4, runs/b",
    ]
    assert (found["max_pixels"], found["max_bytes"], found["origin"]) == (10_000, 100_000, "here")


def test_samples_that_cannot_be_read_are_listed_without_a_picture(tmp_path):
    Image.fromarray(scene(40, 60)).save(tmp_path / "a.png")
    samples = [Sample("a.png", lambda: read_one(tmp_path / "a.png")), Sample("broken.png", broken)]
    shown = facts([network()], *samples)["samples"]
    assert [sample["name"] for sample in shown] == ["a.png", "broken.png"]
    assert [bool(sample["source"]) for sample in shown] == [True, False]


@pytest.mark.parametrize("text", [BYTES, "a\ud800b"])
def test_names_that_are_not_unicode_are_spelt_out(text):
    found = facts([network(text)], Sample(text, broken), origin=text)
    spelt = {BYTES: r"stra\xdfe", "a\ud800b": r"a\ud800b"}[text]
    assert (found["origin"], found["samples"][0]["name"]) == (spelt, spelt)
    assert (found["data"], found["classes"][0]) == (f"data {spelt}", f"road {spelt}")
    assert found["runs"] == [{"title": spelt, "facts": f"step 4, runs/{spelt}"}]
