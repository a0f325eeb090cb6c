"""The page in a real browser: an upload becomes panels, and a click shows numbers."""

import numpy as np
import pytest
from deployed import scene
from PIL import Image
from visited import CLASSIFIERS, MARKS, chosen, clicked, photograph

import segadapt

pytestmark = MARKS


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


def test_a_sample_whose_name_is_not_utf_8_is_shown(opened):
    page = opened()
    page.click(".samples button >> nth=1")
    page.wait_for_selector(r".photograph:text('stra\\xdfe.png, 90 x 60 pixels')")


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


def test_a_page_of_another_site_reads_nothing(opened, server):
    page = opened()
    for origin, status in ((server.address, 200), ("http://attacker.example", 403)):
        answer = page.request.get(f"{server.address}/config", headers={"origin": origin})
        assert answer.status == status
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_zz_ctrl_c_ends_it(server):
    """The last, because it ends the server of the others."""
    assert server.stop() == 130
    assert server.said.splitlines()[-1] == "stopped"
