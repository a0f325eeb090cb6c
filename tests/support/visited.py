"""The demo in a process of its own, and steps of a visitor in a browser."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from deployed import scene, write_run
from dumped import CHROMIUM
from PIL import Image

import segadapt

MISSING = [name for name in ("gradio", "playwright") if importlib.util.find_spec(name) is None]
MISSING += [] if CHROMIUM else ["Chromium"]

MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}"),
]
"""Marks of the modules that use a browser."""

CLASSIFIERS = ("fixed", "ssa")
SECONDS = 120

AUDIT = """
import os, sys
log = os.open(os.environ["AUDIT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def audit(event, values):
    if event == "open" and (values[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        os.write(log, f"write {values[0]}\\n".encode())
    elif event == "socket.connect":
        os.write(log, f"connect {values[1]}\\n".encode())
sys.addaudithook(audit)
"""
"""Python runs it at its start: notes each file that is opened for writing, and each connection."""


class Server:
    """The demo in a process of its own.

    Args:
        folder: For its temporary files, its home and its runs.
    """

    def __init__(self, folder):
        self.folder, self.log = folder, folder / "audit.log"
        for classifier in CLASSIFIERS:
            words = ("data=camvid", "data.crop=[32,32]", f"classifier={classifier}")
            write_run(folder / classifier, *words)
        (folder / "photos").mkdir()
        Image.fromarray(scene(60, 90, 5)).save(folder / "photos" / "sample.png")
        latin = folder / "photos" / os.fsdecode(b"stra\xdfe.png")
        latin.write_bytes((folder / "photos" / "sample.png").read_bytes())
        for name in ("home", "temporary", "site"):
            (folder / name).mkdir()
        (folder / "site" / "sitecustomize.py").write_text(AUDIT)
        source = Path(segadapt.__file__).parents[1]
        environment = {
            **os.environ,
            "AUDIT": str(self.log),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "temporary"),
            "PYTHONPATH": os.pathsep.join([str(folder / "site"), str(source)]),
            "PYTHONUNBUFFERED": "1",
        }
        words = ["demo", "run=[fixed,ssa]", "images=photos", "port=0"]
        words += ["max_pixels=100000", "max_bytes=200000", "device=cpu"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "segadapt", *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if found := re.match(r"open (http://127\.0\.0\.1:\d+) in a browser", line):
                self.address = found[1]
                return
        raise AssertionError(self.said)

    def noted(self, kind):
        """Files that the process has written, or addresses that it has connected to."""
        lines = self.log.read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]

    def stop(self):
        self.process.send_signal(2)
        with self.process.stdout:
            self.said += self.process.stdout.read()
        return self.process.wait(timeout=30)


def photograph(folder, height=48, width=80, name="street.png"):
    file = folder / name
    Image.fromarray(scene(height, width, 3)).save(file)
    return file


def chosen(page, file):
    """Upload a file; wait for the panels of each network."""
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector(f".photograph:text('{file.name}')")


def clicked(page, row, column, height, width):
    """Click a pixel of the last picture that shows classes; the tables' rows by network."""
    stack = page.locator("figure.after .stack").last
    stack.scroll_into_view_if_needed()
    box = stack.bounding_box()
    place = {
        "x": box["width"] * (column + 0.5) / width,
        "y": box["height"] * (row + 0.5) / height,
    }
    stack.click(position=place)
    page.wait_for_selector(f".place:text('Pixel in row {row}, column {column}')")
    tables = page.locator(".pixel table").all()
    return [[row.all_inner_texts() for row in rows_of(table)] for table in tables]


def rows_of(table):
    return [row.locator("td") for row in table.locator("tbody tr").all()]
