"""The marks of a comparison's figures and their explanations, read from matplotlib's objects."""

import matplotlib.colors
import pytest
from drawn import legend_of, texts_outside
from made_runs import make_run

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.comparison import compare
from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.plots import class_gains, cost_plot, latency_plot, step_curves
from segadapt.analysis.comparison.results import collect
from segadapt.analysis.comparison.setting_figures import PRINTED_TAU, TAU, heat_map, setting_curve
from segadapt.analysis.style import COLORS, arm_looks, legend_below, single_axes

LONG = "model.encoder.weights=/somewhere/rather/deep/in/a/file/system/that/never/ends/file.pth"


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Arms from the worst to the best, which the table lists the other way round."""
    root = tmp_path_factory.mktemp("runs")
    for place, (name, seeds) in enumerate({"fixed": 2, "cac": 2, "ssa": 1, LONG: 2}.items()):
        for seed in range(seeds):
            folder, miou = root / f"{place}{seed}", 0.4 + 0.05 * place + 0.01 * seed
            make_run(folder, seed, miou, typed=[name], classifier={"name": name})
    found, _ = arms(collect([root]).results)
    cost = Cost(260_000, 240_000, None, (64, 64))

    def time(results):
        return [Latency(float(i), 0.0, (64, 32), "a GPU") for i, _ in enumerate(results)]

    return found, compare(found, "fixed", lambda result: cost, time=time)


def looks_drawn(figure):
    """Colour and marker of every entry of a legend."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    lines = [handle[0] if isinstance(handle, tuple) else handle for handle in handles]
    return {
        label: (matplotlib.colors.to_hex(line.get_color()), line.get_marker())
        for label, line in zip(labels, lines, strict=True)
    }


def test_an_arm_looks_alike_in_every_figure_of_a_report(compared):
    found, comparison = compared
    looks = arm_looks(arm.label for arm in found)
    assert [row.arm for row in comparison.rows] == [LONG, "ssa", "cac", "fixed"]
    figures = [step_curves(found), cost_plot(comparison, looks), latency_plot(comparison, looks)]
    drawn = [looks_drawn(figure) for figure in figures]
    assert set(drawn[0]) == {"fixed", "cac", "ssa", LONG}
    assert drawn[0] == drawn[1] == drawn[2]
    assert len(set(drawn[0].values())) == 4


def test_gains_and_losses_have_the_colours_of_the_two_arms(tmp_path):
    for place, name in enumerate(("fixed", "cac")):
        make_run(tmp_path / name, 0, 0.5 + 0.1 * place, typed=[name], classifier={"name": name})
    found, _ = arms(collect([tmp_path]).results)
    found.reverse()  # fixed is the first arm of the report, and has its first look
    figure = class_gains(found, "fixed")
    (bars,) = figure.axes[0].containers
    assert {bar.get_facecolor()[:3] for bar in bars} == {COLORS[1]}  # all are gains of cac
    entries, _ = legend_of(figure)
    colors = {text: color[:3] for text, color in entries.items()}
    assert colors == {"better: cac": COLORS[1], "better: fixed (baseline)": COLORS[0]}


def test_bars_are_explained_and_drawn_where_there_are_several_seeds(compared):
    found, comparison = compared
    figure = cost_plot(comparison, arm_looks(arm.label for arm in found))
    assert legend_of(figure)[1] == "bars: ± standard deviation over seeds"
    handles, labels = figure.axes[0].get_legend_handles_labels()
    has_bar = {label: handle.has_yerr for label, handle in zip(labels, handles, strict=True)}
    assert has_bar == {"fixed": True, "cac": True, "ssa": False, LONG: True}
    single = comparison._replace(rows=[row._replace(deviation=None) for row in comparison.rows])
    figure = cost_plot(single, arm_looks(arm.label for arm in found))
    assert legend_of(figure)[1] == ""


def test_curves_say_that_they_are_means(compared):
    assert legend_of(step_curves(compared[0]))[1] == "the mean over the seeds of an arm"


def test_no_text_leaves_the_canvas(compared):
    found, comparison = compared
    looks = arm_looks(arm.label for arm in found)
    for figure in (
        step_curves(found),
        cost_plot(comparison, looks),
        class_gains(found, comparison.baseline),
    ):
        assert texts_outside(figure) == []


def test_12_arms_have_colours_of_their_own_and_28_differ_in_black_and_white():
    looks = list(arm_looks(map(str, range(84))).values())
    assert len({look.color for look in looks[:12]}) == 12
    assert len({(look.marker, look.line) for look in looks[:28]}) == 28
    assert len(set(looks)) == 84


def test_curves_over_a_setting_have_colours_that_no_arm_has(tmp_path):
    for tau in (5, 10):
        for weight in (0.1, 1.0):
            words = [f"classifier.tau={tau}", f"loss.weights.response={weight}"]
            chosen = {"tau": float(tau), "weight": weight}
            folder = tmp_path / f"{tau}-{weight}"
            make_run(folder, 0, 0.5 + tau / 100, typed=words, classifier=chosen)
    found, _ = arms(collect([tmp_path]).results)
    one = [arm for arm in found if arm.results[0].config["classifier"]["weight"] == 1.0]
    curve, heat = setting_curve(one, TAU, "tau", PRINTED_TAU), heat_map(found)
    entries, note = legend_of(curve)
    assert set(entries) == {"here, left axis", "printed by CAC for ADE20K, right axis"}
    assert note == ""  # one seed: there are no bars to explain
    for axes in curve.axes:
        assert all(line.get_color() not in COLORS for line in axes.lines)
    assert "framed: CAC prints a number" in heat.axes[0].get_xlabel()
    assert texts_outside(curve) == texts_outside(heat) == []


def test_a_legend_makes_room_for_its_lines():
    figure, axes = single_axes(2.0)
    axes.plot([0, 1], [0, 1], label=LONG)
    legend_below(figure, "what the marks mean")
    assert figure.get_size_inches()[1] == pytest.approx(2.0 + 0.16 * 3)  # the note, and two lines
