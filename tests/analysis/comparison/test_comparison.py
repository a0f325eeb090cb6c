"""The table, its files and its figures."""

import csv
import io
import xml.etree.ElementTree as ET

import cv2
import pytest
import yaml
from made_runs import make_run
from rich.console import Console

from segadapt.analysis.comparison.compare_runs import compare_runs
from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.terminal_tables import show
from segadapt.analysis.comparison.writers import shown

ROW = {"paper": "CAC", "table": 4, "miou": 45.39}


@pytest.fixture
def sweep(tmp_path):
    for tau, gain in ((5, 0.0), (10, 0.03), (15, 0.05)):
        for weight in (0.1, 1.0, 10.0):
            for seed in (0, 1):
                row = {**ROW, "row": f"{tau}|{weight}_#"} if tau == 5 and weight == 1 else None
                make_run(
                    tmp_path / "runs" / f"{tau}-{weight}-{seed}",
                    seed,
                    0.5 + gain + 0.01 * seed + 0.001 * weight,
                    typed=[f"classifier.tau={tau}", f"loss.weights.response={weight}"],
                    classifier={"tau": float(tau), "weight": weight},
                    published=row,
                )
    return tmp_path / "runs"


def made(sweep, outputs=(), plots=None, each=False, baseline=None):
    return compare_runs([sweep], baseline, outputs, plots, each, None)


@pytest.mark.parametrize("width", [80, 200])
def test_every_number_is_whole_on_the_terminal(sweep, width):
    cost = Cost(260_000, 240_000, 12_340_000_000, (64, 64))
    found = made(sweep, baseline="CAC Table 4")
    latency = Latency(12.3, 10.1, (64, 64), "a GPU")
    rows = [row._replace(cost=cost, minutes=13.5, latency=latency) for row in found.rows]
    out = io.StringIO()
    show(found._replace(rows=rows), Console(file=out, width=width))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines[: -len(found.notes)])) <= width
    for line in shown(found._replace(rows=rows)).rows:
        for cell in line[1:]:
            assert cell in out.getvalue()
    assert len(lines) < 80  # names are folded, but not letter by letter
    assert out.getvalue().count("parameters") == 1


def test_the_best_comes_first_and_is_compared_with_the_baseline(sweep):
    found = made(sweep, baseline="CAC Table 4")
    assert [row.miou for row in found.rows] == sorted((r.miou for r in found.rows), reverse=True)
    best = found.rows[0]
    assert best.miou == pytest.approx(56.5)
    assert best.deviation == pytest.approx(2**-0.5)
    assert (best.seeds, best.minutes) == (2, 30)
    assert best.difference.mean == pytest.approx(0.059)
    (own,) = (row for row in found.rows if row.arm == found.baseline)
    assert own.difference is None
    assert own.printed == 45.39
    assert any("the paper's own number" in note for note in found.notes)


def test_what_departs_from_the_printed_conditions_is_said(tmp_path):
    where = {"data": "ade20k", "model": "upernet_swin_tiny", "steps": 160000}
    same = {"data": "made", "model": "tiny", "steps": 400}
    for tau, there in ((5, where), (10, where), (15, same)):
        make_run(
            tmp_path / str(tau),
            typed=["data=made", "model=tiny"],
            classifier={"tau": float(tau)},
            published={"paper": "CAC", "table": 4, "row": tau, "miou": 45.0, **there},
            data={"steps": 400},
        )
    notes = [note for note in made(tmp_path).notes if "printed conditions" in note]
    assert notes == [
        "not under the printed conditions, but made for ade20k, tiny for upernet_swin_tiny, "
        "400 steps for 160000 (1:400): CAC Table 4 (10), CAC Table 4 (5)"
    ]


def test_arms_that_learnt_for_longer_are_named(tmp_path):
    for steps in (600, 2400):
        make_run(tmp_path / str(steps), typed=[f"data.steps={steps}"], data={"steps": steps})
    make_run(tmp_path / "tau", classifier={"tau": 5.0}, typed=["a=5"], data={"steps": 600})
    notes = [note for note in made(tmp_path).notes if "equal numbers of steps" in note]
    assert notes == [
        "not trained for equal numbers of steps, which alone may explain a difference: "
        "600 steps: data.steps=600, a=5; 2400 steps: data.steps=2400"
    ]


@pytest.mark.parametrize(
    ("digest", "said"),
    [("0123456789abcdef", "SHA-256 01234567..."), (None, "SHA-256 not stored")],
)
def test_arms_that_started_from_other_weights_are_named(tmp_path, digest, said):
    make_run(tmp_path / "a", typed=["classifier=cac"], classifier={"tau": 1.0})
    folder = make_run(tmp_path / "b", typed=["init.run=old"], classifier={"tau": 1.0})
    file = folder / "config.yaml"
    config = yaml.safe_load(file.read_text())
    config["init"] = {"run": "runs/old", "sha256": digest, "freeze": None}
    file.write_text(yaml.safe_dump(config))
    (note,) = [line for line in made(tmp_path).notes if "started" in line]
    assert "from their own weights: " in note
    assert f"from the weights of runs/old ({said}): " in note


@pytest.mark.parametrize(
    ("node", "key", "value", "name"),
    [
        ("loss", "class_weight", "inverse", "class weights"),
        ("data", "rare", "repeat", "draws of rare images"),
    ],
)
def test_arms_that_treat_rare_classes_differently_are_named(tmp_path, node, key, value, name):
    make_run(tmp_path / "a", typed=["x=1"], classifier={"tau": 1.0})
    folder = make_run(tmp_path / "b", typed=[f"{node}.{key}={value}"], classifier={"tau": 1.0})
    file = folder / "config.yaml"
    config = yaml.safe_load(file.read_text())
    config[node][key] = value
    file.write_text(yaml.safe_dump(config))
    (note,) = [line for line in made(tmp_path).notes if "the same" in line]
    assert note == (
        f"not trained with the same {name}, which alone may explain a difference: "
        f"{node}.{key}=none: x=1; {node}.{key}={value}: {node}.{key}={value}"
    )


def test_other_protocols_are_refused_unless_only_listed(sweep, tmp_path):
    make_run(sweep / "odd", 0, protocol={"ignore_index": 0})
    with pytest.raises(ValueError, match=r"not ranked: protocol.ignore_index is 0 and 255"):
        made(sweep)
    found = made(sweep, each=True)
    assert found.baseline is None
    assert all(row.difference is None for row in found.rows)


def test_files_of_every_kind(sweep, tmp_path, capsys):
    files = [tmp_path / "out" / f"table.{ending}" for ending in ("md", "tex", "csv", "html")]
    found = made(sweep, files)
    text, tex, table, page = (file.read_text() for file in files)

    lines = text.splitlines()
    assert lines[0].startswith("| arm | mIoU | seeds | difference to ")
    assert sum(line.startswith("| ") for line in lines) == 2 + len(found.rows)
    assert r"CAC Table 4 (5\|1.0_#)" in text
    assert r"CAC Table 4 (5|1.0\_\#)" in tex
    assert tex.count(r"\\") == 1 + len(found.rows)
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [float(row["miou"]) for row in rows] == [row.miou for row in found.rows]
    body = page[page.index("<table class") : page.index("</table>") + 8]
    assert len(list(ET.fromstring(body).iter("tr"))) == 1 + len(found.rows)
    assert "45.39" in capsys.readouterr().out


def test_an_unknown_ending_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"Unknown file type '\.docx' of .*table\.docx\. Available: \.md, \.tex,",
    ):
        compare_runs([tmp_path / "nowhere"], None, [tmp_path / "table.docx"], None, False, None)


def test_nothing_to_compare_is_said(tmp_path, capsys):
    make_run(tmp_path / "a", state="failed")
    with pytest.raises(ValueError, match=r"none of the 1 runs is finished and has report\.json"):
        made(tmp_path)
    assert "a: the run is failed" in capsys.readouterr().err


def test_figures_are_a_column_wide(sweep, tmp_path):
    made(sweep, plots=tmp_path / "figures")
    names = {file.stem for file in (tmp_path / "figures").glob("*.png")}
    assert names == {"tau_lambda", "steps", "classes"}
    for file in (tmp_path / "figures").glob("*.png"):
        assert cv2.imread(str(file)).shape[1] == 680


def test_latencies_are_a_column_and_a_figure(sweep, tmp_path):
    def time(results):
        return [Latency(float(i), 0.0, (64, 32), "a GPU") for i, _ in enumerate(results)]

    folder, file = tmp_path / "figures", tmp_path / "table.md"
    found = compare_runs([sweep], None, [file], folder, False, None, time)
    assert {"latency.png", "latency.pdf"} <= {one.name for one in folder.iterdir()}
    assert sorted(row.latency.milliseconds for row in found.rows) == list(range(len(found.rows)))
    text = file.read_text()
    assert "| ms per image (min) |" in text
    assert "one image of 64 x 32, a GPU" in text


def test_a_sweep_over_tau_alone_is_a_curve(tmp_path):
    for tau in (5, 10, 20):
        make_run(
            tmp_path / "runs" / str(tau),
            typed=[f"classifier.tau={tau}"],
            miou=0.5 + tau / 1000,
            classifier={"tau": float(tau)},
        )
    made(tmp_path / "runs", plots=tmp_path / "figures")
    assert (tmp_path / "figures" / "tau.png").is_file()
    assert (tmp_path / "figures" / "tau.pdf").is_file()
