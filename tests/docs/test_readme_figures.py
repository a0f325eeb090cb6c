import importlib
import json

import pytest

readme_figures = importlib.import_module("scripts.readme_figures")


def test_the_figures_of_the_readme_are_those_of_the_kept_files():
    text = readme_figures.README.read_text()
    assert {mark["name"] for mark in readme_figures.MARK.finditer(text)} == {
        *readme_figures.FIGURES
    }
    for mark in readme_figures.MARK.finditer(text):
        assert mark["text"] == readme_figures.figure(mark["name"]), mark["name"]


def test_what_was_never_measured_is_pending(tmp_path):
    assert readme_figures.figure("train-miou", tmp_path) == "pending"


def test_kept_files_say_where_and_when_they_were_measured():
    stems = {stem for stem, _ in readme_figures.FIGURES.values()}
    files = [file for file in readme_figures.RESULTS.glob("*.json") if file.stem in stems]
    assert readme_figures.STEPS in {file.stem for file in files}
    for file in files:
        kept = json.loads(file.read_text())
        assert {"processor", "threads", "load", "cores"} <= kept["machine"].keys()
        assert {"commit", "dirty", "torch", "python"} <= kept["software"].keys()
        assert kept["command"]
        assert kept["date"]


def test_numbers_of_the_files_are_written_into_the_marks(tmp_path):
    rows = [
        {"classifier": name, "training": {"wall": {"ratio": {"median": ratio}}}}
        for name, ratio in (("fixed", 1.0), ("cac", 1.916), ("ssa", 2.214))
    ]
    facts = {"machine": {"threads": 2, "load": 0.04}, "software": {"commit": "0123456789"}}
    steps = {**facts, "rows": rows}
    train = {**facts, "miou": 0.60123, "oracle": 0.72271, "seconds": 168.0}
    (tmp_path / f"{readme_figures.STEPS}.json").write_text(json.dumps(steps))
    (tmp_path / "readme_train.json").write_text(json.dumps(train))
    marks = "".join(f"<!--figure {name}-->old<!--/-->\n" for name in readme_figures.FIGURES)
    lines = readme_figures.rewritten(marks, tmp_path).splitlines()
    texts = [readme_figures.MARK.fullmatch(line)["text"] for line in lines]
    told = dict(zip(readme_figures.FIGURES, texts, strict=True))
    assert (told["train-miou"], told["train-oracle"], told["train-minutes"]) == (
        *("60.12", "72.27", "2.8"),
    )
    assert (told["steps-cac"], told["steps-ssa"], told["steps-load"]) == ("1.92", "2.21", "0.0")
    assert told["train-commit"] == "0123456"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<!--figure train-miou-->1<!--/-->", "README.md has no mark <!--figure steps-cac-->"),
        ("no mark", "README.md has no mark"),
    ],
)
def test_a_lost_mark_is_an_error(text, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        readme_figures.rewritten(text, tmp_path)


def test_other_parts_are_refused():
    with pytest.raises(ValueError, match=r"Unknown part 'trian'\. Write only=PART"):
        readme_figures.main(["only=trian"])
