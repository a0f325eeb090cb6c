"""The page's script: what it does while answers are on their way, and what it shows of them."""

import json

import pytest
from visited import MARKS, chosen, clicked, photograph

pytestmark = MARKS

DOORS = ("**/gradio_api/component_server", "**/gradio_api/component_server/")


class Held:
    """Holds back the script's questions of one kind, until the test lets them through.

    Args:
        page: Page of the browser.
        name: Name of the function that is asked.
    """

    def __init__(self, page, name):
        self.page, self.name, self.routes = page, name, []
        for door in DOORS:
            page.route(door, self._route)

    def _route(self, route):
        asked = json.loads(route.request.post_data)
        if asked["fn_name"] == self.name:
            self.routes.append((route, asked["data"]))
        else:
            route.continue_()

    def wait(self, number):
        """Wait until as many questions are held; their data."""
        for _ in range(500):
            if len(self.routes) >= number:
                break
            self.page.wait_for_timeout(20)
        assert len(self.routes) == number
        return [data for _, data in self.routes]

    def release(self):
        for route, _ in self.routes:
            route.continue_()


def edited(page, change):
    """Change the answers about samples on their way."""

    def route(route):
        answer = route.fetch()
        values = answer.json()
        if json.loads(route.request.post_data)["fn_name"] == "sample":
            change(values)
        route.fulfill(response=answer, json=values)

    for door in DOORS:
        page.route(door, route)


def shown(page, name):
    """Wait for a photograph; nothing else is awaited, and no pixel is open."""
    page.wait_for_selector(f".photograph:text('{name}')")
    assert page.inner_text(".message") == "Click a pixel to see its classes."
    assert not page.locator(".message.busy").count()
    assert page.locator(".sheet").is_hidden()


def test_a_click_does_not_discard_the_photograph_that_is_awaited(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path, name="old.png"))
    held = Held(page, "upload")
    page.set_input_files("input[type=file]", photograph(tmp_path, name="new.png"))
    held.wait(1)
    clicked(page, 20, 33, 48, 80)
    assert page.locator(".message.busy").count() == 1
    held.release()
    shown(page, "new.png")


def test_a_photograph_discards_the_pixel_that_is_awaited(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path))
    held = Held(page, "pixel")
    page.locator("figure.after .stack").last.click()
    held.wait(1)
    page.click(".samples button")
    page.wait_for_selector(".photograph:text('sample.png')")
    held.release()
    page.wait_for_timeout(500)
    shown(page, "sample.png")


def test_a_file_that_is_still_read_does_not_replace_a_later_choice(opened, tmp_path):
    page = opened()
    page.evaluate(
        """() => {
          const read = FileReader.prototype.readAsDataURL;
          FileReader.prototype.readAsDataURL = function (file) {
            setTimeout(() => read.call(this, file), 300);
          };
        }"""
    )
    page.set_input_files("input[type=file]", photograph(tmp_path, name="large.png"))
    page.click(".samples button")
    page.wait_for_selector(".photograph:text('sample.png')")
    page.wait_for_timeout(1500)
    shown(page, "sample.png")


def test_questions_about_photographs_have_a_visitor_and_a_turn(opened, tmp_path):
    page = opened()
    held = Held(page, "sample")
    for _ in range(2):
        page.click(".samples button")
    first, second = held.wait(2)
    held.release()
    shown(page, "sample.png")
    assert first["visitor"] == second["visitor"]
    assert 0 < len(first["visitor"]) <= 40
    assert second["turn"] > first["turn"]


def test_a_key_that_is_held_down_moves_on(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path))
    clicked(page, 20, 33, 48, 80)
    held = Held(page, "pixel")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert [data["column"] for data in held.wait(3)] == [34, 35, 36]
    held.release()
    page.wait_for_selector(".place:text('Pixel in row 20, column 36')")


def test_the_legend_has_the_classes_before_adaptation_as_well(opened):
    def change(values):
        """One class only before adaptation, one nowhere."""
        for shares in (shares for run in values["runs"] for shares in run["shares"]):
            shares[5] = shares[6] = 0
        values["runs"][1]["shares"][1][5] = 1

    page = opened()
    names = page.locator(".legend > ul > li").all_inner_texts()
    edited(page, change)
    page.click(".samples button")
    page.wait_for_selector(".photograph:text('sample.png')")
    page.click(".legend summary")
    assert page.locator(".legend > ul > li").first.inner_text() == names[5]
    absent = page.locator(".legend details li").all_inner_texts()
    assert names[6] in absent
    assert names[5] not in absent


@pytest.mark.parametrize(
    ("share", "text"), [(0, "none of"), (1e-5, "< 0.1 % of"), (0.25, "25.0 % of")]
)
def test_no_changed_pixel_is_none(opened, share, text):
    page = opened()
    edited(page, lambda values: values["runs"][1].update(changed_share=share))
    page.click(".samples button")
    caption = page.locator("figure.changed figcaption").last
    caption.wait_for()
    assert caption.inner_text() == f"Changed: {text} the pixels"


def test_screen_readers_pass_keys_to_pictures_and_read_the_pixel(opened, tmp_path):
    page = opened()
    panel = page.locator(".pixel")
    assert panel.get_attribute("aria-live") == "polite"
    chosen(page, photograph(tmp_path))
    for stack in page.locator(".stack").all():
        assert stack.get_attribute("role") == "application"
        assert "arrow keys" in stack.get_attribute("aria-label")
    clicked(page, 20, 33, 48, 80)
    assert "Pixel in row 20, column 33" in panel.inner_text()


def test_escape_closes_the_pixel_and_returns_to_the_picture(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path))
    clicked(page, 20, 33, 48, 80)
    page.focus(".close")
    page.keyboard.press("Escape")
    assert page.locator(".sheet").is_hidden()
    assert page.locator("figure.after .stack").last.evaluate(
        "(stack) => stack === document.activeElement"
    )
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".place:text('Pixel in row 21, column 33')")


def test_a_photograph_that_is_no_longer_kept_gets_one_sentence(opened, tmp_path):
    page = opened()
    chosen(page, photograph(tmp_path))
    clicked(page, 20, 33, 48, 80)
    for door in DOORS:
        page.route(door, lambda route: route.fulfill(json={"error": "it is gone; choose again"}))
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".message.error:text('It is gone; choose again')")
    assert page.locator(".sheet").is_hidden()
