import pytest

from segadapt.cli.words import UsageError, read_words


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "verb.yaml"
    path.write_text("runs: []\nout: []\nname: null\ncount: 3\nshare: 0.5\nfast: false\n", "utf-8")
    return path


def test_values_have_the_type_of_their_default(file):
    words = ["a", "b=c", "out=[x.md, y.tex]", "name=a=b", "count=4", "share=1", "fast=true"]
    options = read_words(words, file, "runs", titles=True)
    assert options == {
        "runs": ["a", "b=c"],
        "out": ["x.md", "y.tex"],
        "name": "a=b",
        "count": 4,
        "share": 1.0,
        "fast": True,
    }
    assert read_words(["name=null"], file)["name"] is None


def test_folders_with_an_equals_sign_are_words(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tau=5").mkdir()
    assert read_words(["tau=5"], file, "runs")["runs"] == ["tau=5"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cout=3"], r"Unknown key in 'cout=3'\. Did you mean count=\?"),
        (["count=null"], r"count=null: count needs a value\."),
        (["fast=null"], r"fast=null: fast needs a value\."),
        (["runs=null"], r"runs=null: runs needs a value\."),
        (["count=x"], r"count=x: count takes an integer\."),
        (["share=x"], r"share=x: share takes a number\."),
        (["fast=yes"], r"fast=yes: fast takes true or false\."),
        (["word"], "Unknown key in 'word'"),
        (["--nme", "a"], r"Unknown key in '--nme'\. Did you mean name=\?"),
        (["--name"], r"--name has no value\. Write name=VALUE\."),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(words, message, file):
    with pytest.raises(UsageError, match=message):
        read_words(words, file)


def test_options_of_the_last_version_work_with_a_note(file, capsys):
    words = ["--out", "a.md", "b.md", "--fast", "--name=x"]
    options = read_words(words, file)
    assert (options["out"], options["fast"], options["name"]) == (["a.md", "b.md"], True, "x")
    assert capsys.readouterr().err.splitlines() == [
        "note: --out is deprecated; write out=[a.md,b.md]",
        "note: --fast is deprecated; write fast=true",
        "note: --name is deprecated; write name=x",
    ]
