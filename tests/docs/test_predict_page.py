"""Every line of the pages about prediction, typed in a folder that has what they name."""

import re
import shlex
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from deployed import scene, write_run
from PIL import Image

from segadapt.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/predict.md").read_text()
USE_IT = (ROOT / "README.md").read_text().partition("## Use it")[2].partition("\n## ")[0]


TYPED = {"predict": ["device=cpu"], "bundle": []}
"""Verbs whose lines are typed here, with what is added; others have tests of their own."""


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("material")
    for classifier in ("ssa", "fixed"):
        write_run(folder / "runs" / classifier, "data=camvid", f"classifier={classifier}")
    (folder / "photos").mkdir()
    (folder / "labels").mkdir()
    for seed, name in enumerate(("a", "b")):
        Image.fromarray(scene(48, 64, seed)).save(folder / "photos" / f"{name}.jpg")
        Image.fromarray(scene(48, 64, seed)[..., 0] % 12).save(folder / "labels" / f"{name}.png")
    shutil.copy(folder / "photos" / "a.jpg", folder / "street.jpg")
    shutil.copy(folder / "labels" / "a.png", folder / "street_label.png")
    (folder / "list.txt").write_text("photos/a.jpg\nphotos/b.jpg\n")
    video = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5, (64, 48))
    for seed in range(3):
        video.write(scene(48, 64, seed))
    video.release()
    return folder


@pytest.fixture
def place(material, tmp_path, monkeypatch):
    shutil.copytree(material, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


@pytest.mark.parametrize("text", [PAGE, USE_IT], ids=["page", "readme"])
def test_every_command_of_the_pages_runs(place, text):
    lines = [line for block in blocks(text, "bash") for line in block.splitlines()]
    assert len(lines) >= 2
    for line in lines:
        program, verb, *words = shlex.split(line, comments=True)
        assert program == "segadapt"
        if verb not in TYPED:
            assert text is USE_IT
            continue
        assert main([verb, *words, *TYPED[verb]]) == 0, line
        out = next(word.removeprefix("out=") for word in words if word.startswith("out="))
        assert (place / out).is_file() or len(list((place / out).rglob("*"))) > 0
        assert not list((place / out).rglob(".*"))


@pytest.mark.parametrize("text", [PAGE, USE_IT], ids=["page", "readme"])
def test_every_line_of_python_runs(place, text):
    names = {}
    for block in blocks(text, "python"):
        exec(compile(block, "docs", "exec"), names)
    result = names["result"]
    assert result.labels.shape == (48, 64)
    assert np.asarray(Image.open("street.png")).shape == (48, 64)
    if "shares" in names:
        assert len(names["shares"]) == 3
        assert names["teacher"].branch == "teacher"
