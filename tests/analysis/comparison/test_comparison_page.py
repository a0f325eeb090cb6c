"""The page of a comparison: what it says, that it needs nothing else, and its layout when small."""

import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from dumped import CHROMIUM, title
from made_runs import make_run

from segadapt.analysis.comparison.compare_runs import compare_runs
from segadapt.analysis.comparison.comparison import ArmRow, Comparison
from segadapt.analysis.comparison.intervals import Difference
from segadapt.analysis.comparison.page.axes import axis
from segadapt.analysis.comparison.page.images import ImageView, Views
from segadapt.analysis.comparison.page.verdict import question, verdict

VOID = ("meta", "img", "line", "circle", "path", "br")
NASTY = "<script>alert(1)</script> & \"'"
ARMS = (("fixed", 1.0, 0.0, 0.01), ("cac", 2.0, 0.2, 0.01), (NASTY, 3.0, 0.01, -0.03))
"""Label, a setting, gain, and what a seed adds."""
PIXEL = "data:image/png;base64,AAAA"


class Page(HTMLParser):
    """Checks that elements are closed; keeps texts by element, attributes and table rows."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts, self.rows = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def of(self, tag):
        return [text for name, text in self.texts if name == tag]


def counts(gain):
    """Right, labelled and predicted pixels of 6 images and 3 classes."""
    draw = np.random.default_rng(0)
    labelled = draw.integers(40, 60, (6, 3))
    right = (labelled * (0.5 + gain)).astype(int)
    return np.stack([right, labelled, labelled], axis=1)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    protocol = {"data": {"split": "val"}, "software": {"commit": "abc123", "dirty": True}}
    for label, tau, gain, spread in ARMS:
        for seed in range(3):
            noise = spread * (seed - 1)
            make_run(
                folder / f"{tau:g}-{seed}",
                seed,
                0.5 + gain + noise,
                label=label,
                classifier={"tau": tau},
                counts=counts(gain + noise),
                data={"steps": 100},
                protocol=protocol,
            )
    return folder


def shown(gains, names):
    """A stand-in for what two networks make of images."""
    titles = ("image", "label", gains.base.label, gains.arm.label)
    view = ImageView(dict.fromkeys(titles, PIXEL), [("<sky>", "rgb(1, 2, 3)")])
    return Views(dict.fromkeys(names, view), "Predictions are those of seed 0.")


@pytest.fixture(scope="module")
def text(runs, tmp_path_factory):
    file = tmp_path_factory.mktemp("out") / "page.html"
    compare_runs([runs], "fixed", [file], None, False, None, look=shown, images=1)
    return file.read_text("utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_it_begins_with_the_question_and_the_answer(page):
    assert page.of("h1") == [
        "Does any of the 2 other arms reach a higher mIoU than fixed on made val?"
    ]
    answer = page.of("p")[0]
    assert answer.startswith("Yes: cac (+20.00 [")
    assert "is better; whether <script>" in answer
    assert answer.endswith("is better or worse cannot be decided from 3 common seeds.")


def test_every_part_has_its_heading(page):
    assert page.of("h2") == [
        *("mIoU", "Differences", "Learning curves", "Classes", "Near borders", "Images", "Power"),
        *("Cost", "Protocol"),
    ]
    assert ["commit", "abc123 with changes"] in page.rows
    assert ["steps", "100"] in page.rows
    assert any("do not measure this" in text for text in page.of("p"))


def test_it_needs_nothing_from_elsewhere_and_runs_no_foreign_text(page, text):
    for tag, attributes in page.elements:
        assert attributes.get("src", PIXEL) == PIXEL, tag
        assert "href" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in text
    assert "@import" not in text
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert text.count(html.escape("<script>alert(1)")) > 5


def test_a_list_of_runs_has_no_part_that_compares(runs, tmp_path):
    file = tmp_path / "page.html"
    compare_runs([runs], None, [file], None, True, None, look=shown, images=1)
    page = Page(file.read_text("utf-8"))
    assert page.of("h2") == ["mIoU", "Learning curves", "Cost", "Protocol"]


def test_an_arm_has_one_colour_in_every_part(page, text):
    classes = [a["class"].split() for _, a in page.elements if "arm-" in a.get("class", "")]
    numbers = {name for names in classes for name in names if re.fullmatch(r"arm-\d", name)}
    assert numbers == {"arm-0", "arm-1", "arm-2"}
    style = text[text.index("<style>") : text.index("</style>")]
    light, dark = style.split("@media (prefers-color-scheme: dark) {\n  .arm-0")
    for number in range(3):
        assert len(re.findall(rf"\.arm-{number} {{ color: #[0-9a-f]{{6}}; --dash", light)) == 1
        assert f".arm-{number} {{" in f".arm-0{dark}"
    assert "--corner: 6px" in light
    colors = re.findall(r"\.arm-\d { color: (#[0-9a-f]{6})", style)
    assert len(set(colors)) == 6


def test_tables_show_the_numbers_of_the_comparison(page):
    heads = [row for row in page.rows if row[:2] == ["arm", "mIoU"]]
    assert heads[0][:4] == ["arm", "mIoU", "seeds", "difference to fixed"]
    row = next(row for row in page.rows if row[0].strip() == "cac")
    assert row[1] == "70.00 ± 1.00"
    assert ["arm", "minutes"] in page.rows


def test_images_are_those_that_gained_and_lost_most(page):
    assert page.of("h4")[0] == "Most gained"
    captions = [text for text in page.of("figcaption") if text.startswith("image ")]
    assert all(re.fullmatch(r"image \d: [\d.]+ to [\d.]+ % mIoU", text) for text in captions)
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(pictures) == 4 * len(captions)
    assert "<sky>" in " ".join(text for _, text in page.texts)
    assert "Predictions are those of seed 0." in page.of("p")


def test_images_that_gained_most_by_loops(runs, tmp_path):
    seen = {}

    def look(gains, names):
        seen[gains.arm.label] = gains
        return Views({}, "")

    compare_runs([runs], "fixed", [tmp_path / "a.html"], None, False, None, look=look, images=1)
    gains = seen["cac"]
    for index, name in enumerate(gains.names):
        number = int(name.removeprefix("image "))
        expected = []
        for gain in (0.2, 0.0):
            seeds = []
            for seed in range(3):
                right, labelled, predicted = counts(gain + 0.01 * (seed - 1))[number]
                triples = zip(right, labelled, predicted, strict=True)
                union = [ours + own - both for both, ours, own in triples]
                seeds.append(sum(right[k] / union[k] for k in range(3)) / 3)
            expected.append(100 * sum(seeds) / 3)
        assert [gains.ours[index], gains.theirs[index]] == pytest.approx(expected)
    best = max(range(6), key=lambda i: gains.ours[i] - gains.theirs[i])
    assert gains.most_gained(1) == [best]
    assert gains.most_lost(6) == []


def test_arms_whose_runs_counted_no_images_are_named(tmp_path):
    for label, counted in (("fixed", counts(0)), ("cac", counts(0.01)), (NASTY, None)):
        for seed in range(2):
            folder = tmp_path / f"{len(label)}-{seed}"
            make_run(folder, seed, 0.5, label=label, counts=counted, data={"steps": 100})
    file = tmp_path / "page.html"
    compare_runs([tmp_path], "fixed", [file], None, False, None)
    page = Page(file.read_text("utf-8"))
    assert page.of("h3") == ["cac"]
    [note] = [text for text in page.of("p") if text.startswith("Not shown:")]
    assert NASTY in note


def row(arm, mean=None, p=None, method="seeds", seeds=3):
    gap = None
    if mean is not None:
        ends = (None, None) if p is None else (mean - 0.01, mean + 0.01)
        gap = Difference(mean, *ends, method, seeds, p)
    return ArmRow(arm, 50.0, None, seeds, gap, None, None, None, adjusted=p)


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ([row("a", 0.02, 0.01)], "Yes: a (+2.00 [+1.00, +3.00]) is better."),
        ([row("a", -0.02, 0.01)], "No: a (-2.00 [-3.00, -1.00]) is worse."),
        (
            [row("a", 0.02, 0.2), row("b", 0.01, 0.3, seeds=5)],
            "Whether a (+2.00 [+1.00, +3.00]) and b (+1.00 [+0.00, +2.00]) are better or worse "
            "cannot be decided from 3 to 5 common seeds.",
        ),
        (
            [row("a", 0.02, None, "too few seeds", 1)],
            "Whether a (+2.00 (too few seeds)) is better or worse cannot be decided from 1 common "
            "seed.",
        ),
        (
            [row("a")],
            "Whether a is better or worse cannot be decided from runs without a common seed.",
        ),
        (
            [row(name, 0.02, 0.2) for name in "abcd"],
            "Whether a, b, c and d are better or worse cannot be decided from 3 common seeds.",
        ),
        (
            [row("a", 0.02, 0.2), row("b", -0.02, 0.01)],
            "Whether a (+2.00 [+1.00, +3.00]) is better or worse cannot be decided from 3 common "
            "seeds; b (-2.00 [-3.00, -1.00]) is worse.",
        ),
        ([], "There is one arm only, so nothing is compared."),
    ],
)
def test_the_verdict_is_one_sentence(others, sentence):
    assert verdict(Comparison([row("base"), *others], "base", [])) == sentence


def test_a_list_without_a_baseline_claims_nothing():
    listed = Comparison([row("a"), row("b")], None, [])
    assert question(listed, "digits val") == "What mIoU do these runs reach on digits val?"
    assert verdict(listed) == "The runs are listed and not compared (each=true)."


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [-1.25, 7.5], [1e-4, 2e-4], [-40.0, -39.0]])
@pytest.mark.parametrize("signed", [False, True])
def test_an_axis_holds_its_values_and_round_numbers(values, signed):
    scale = axis(values, signed)
    assert all(0 <= scale.place(value) <= 100 for value in values)
    assert scale.ticks[0].place == 0
    assert scale.ticks[-1].place == 100
    assert 2 <= len(scale.ticks) <= 8
    for tick in scale.ticks:
        value = scale.low + tick.place / 100 * (scale.high - scale.low)
        assert float(tick.text) == pytest.approx(value, abs=1e-4 * (scale.high - scale.low))
    if signed:
        assert scale.zero is not None


PROBE = """<script>
addEventListener("load", () => {
  const table = document.querySelector("table.sortable");
  const read = () => [...table.tBodies[0].rows].map((row) => row.cells[1].textContent).join("|");
  const press = () => { table.tHead.rows[0].cells[1].firstChild.click(); return read(); };
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const plots = [...document.querySelectorAll("svg")].map((one) => one.clientWidth);
  const probe = [innerWidth, wide, Math.min(...plots), press(), press()];
  top.document.title = probe.join(" / ");
});
</script>"""


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium, which lays it out and runs its script"
)
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_shows_it_without_scrolling_sideways_and_sorts(text, tmp_path, width):
    file = tmp_path / "page.html"
    content = html.escape(text.replace("</body>", f"{PROBE}</body>"))
    style = f"width: {width}px; height: 900px; border: 0"  # a window has 500 pixels at least
    file.write_text(f'<title></title><iframe style="{style}" srcdoc="{content}"></iframe>', "utf-8")
    inner, wide, plot, down, up = title(file, "--window-size=1400,900").split(" / ")
    assert int(inner) == width
    assert int(wide) <= 0
    assert int(plot) >= width / 5
    values = [float(text.split()[0]) for text in down.split("|")]
    assert values == sorted(values, reverse=True)
    assert up.split("|") == down.split("|")[::-1]
