"""The page in a real browser: an upload becomes panels, and a click shows numbers."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from deployed import scene, write_run
from PIL import Image

import segadapt

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = [name for name in ("gradio", "playwright") if importlib.util.find_spec(name) is None]
MISSING += [] if CHROMIUM else ["Chromium"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}"),
]

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
        """What the process has written or connected to."""
        lines = self.log.read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]

    def stop(self):
        self.process.send_signal(2)
        with self.process.stdout:
            self.said += self.process.stdout.read()
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("demo"))
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser, server):
    """Opens the page in a window of a width; its requests and errors are noted."""
    contexts = []

    def open_page(width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * SECONDS)
        page.requests, page.errors = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.goto(server.address)
        page.wait_for_selector(".samples img")
        return page

    yield open_page
    for context in contexts:
        context.close()


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


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_an_upload_becomes_panels_and_a_click_shows_numbers(
    opened, server, tmp_path, width, scheme
):
    page = opened(width, scheme)
    chosen(page, photograph(tmp_path))
    assert page.locator(".run h2").all_inner_texts() == ["Fixed", "SSA"]
    assert page.locator(".run").first.locator(".stack").count() == 2
    assert page.locator(".run").last.locator(".stack").count() == 4
    legends = page.locator("figure.changed .ends").all()
    assert [legend.is_visible() for legend in legends] == [False, True]
    assert legends[1].inner_text() == "the class differs before and after adaptation"
    fixed, ssa = clicked(page, 20, 33, 48, 80)
    image = scene(48, 80, 3)
    for classifier, rows in zip(CLASSIFIERS, (fixed, ssa), strict=True):
        model = segadapt.load(server.folder / classifier, device="cpu")
        result = model.predict(image)
        after = result.scores()[:, 20, 33].astype(float)
        columns = [after]
        if classifier == "ssa":
            columns.insert(0, result.scores("coarse")[:, 20, 33].astype(float))
        expected = set().union(*(np.argsort(-c, kind="stable")[:5].tolist() for c in columns))
        assert {row[0] for row in rows} == {model.classes[k] for k in expected}
        for name, *texts in rows:
            for column, text in zip(columns, texts, strict=True):
                share = column[model.classes.index(name)]
                wanted = f"{100 * share:.1f} %" if share >= 0.001 else "< 0.1 %"
                assert text == wanted
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(sideways) == 0
    page.screenshot(path=tmp_path / f"demo-{width}.png")
    assert page.errors == []


def test_the_slider_fades_the_classes(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path))
    opacity = "getComputedStyle(document.querySelector('figure.after img.fading')).opacity"
    assert page.evaluate(opacity) == "0.6"
    page.fill(".opacity", "25")
    assert page.evaluate(opacity) == "0.25"


def test_arrow_keys_move_the_pixel(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path))
    clicked(page, 20, 33, 48, 80)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".place:text('Pixel in row 20, column 34')")


def test_a_sample_is_shown(opened):
    page = opened()
    page.click(".samples button")
    page.wait_for_selector(".photograph:text('sample.png, 90 x 60 pixels')")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("broken.png", b"\x89PNG\r\n\x1a\n123", "Broken.png is"),
        ("heavy.png", bytes(200_001), "heavy.png has 200001 bytes, more than max_bytes=200000"),
        ("large.png", None, "Large.png has 400 x 300 pixels, more than max_pixels=100000"),
    ],
)
def test_a_file_that_cannot_be_shown_gets_one_sentence(opened, tmp_path, name, content, sentence):
    file = tmp_path / name
    if content is None:
        Image.new("RGB", (300, 400)).save(file)
    else:
        file.write_bytes(content)
    page = opened()
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector(".message.error")
    assert page.inner_text(".message.error").startswith(sentence)


def test_uploads_are_not_written_and_nothing_leaves_the_machine(opened, server, tmp_path):
    page = opened()
    page.click(".samples button")
    page.wait_for_selector(".run .stack")
    files = {path for path in server.folder.rglob("*") if path != server.log}
    written = server.noted("write")
    chosen(page, photograph(tmp_path, name="secret.png"))
    clicked(page, 5, 6, 48, 80)
    page.wait_for_timeout(500)
    assert server.noted("write") == written
    assert {path for path in server.folder.rglob("*") if path != server.log} == files
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    outside = [url for url in page.requests if not url.startswith((server.address, "data:"))]
    assert outside == []
    assert [place for place in server.noted("connect") if "127.0.0.1" not in place] == []


def test_an_upload_by_gradios_own_door_is_refused(opened, server):
    page = opened()
    door = f"{server.address}/gradio_api/upload"
    form = {"files": {"name": "a.png", "mimeType": "image/png", "buffer": b"secret"}}
    assert page.request.post(door, multipart=form).status == 403


def test_zz_ctrl_c_ends_it(server):
    """The last, because it ends the server of the others."""
    assert server.stop() == 130
    assert server.said.splitlines()[-1] == "stopped"
