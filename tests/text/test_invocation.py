import pytest

from segadapt.text.invocation import command


@pytest.mark.parametrize(
    ("called", "verb", "expected"),
    [
        ("/usr/bin/segadapt", "check-data", "segadapt check-data"),
        ("/usr/bin/segadapt-train", "evaluate", "segadapt evaluate"),
        ("/Scripts/segadapt.exe", "evaluate", "segadapt evaluate"),
        ("/site/segadapt/__main__.py", "resume", "python -m segadapt resume"),
        ("train.py", "evaluate", "python scripts/evaluate.py"),
        ("scripts/compare.py", "train", "python train.py"),
        ("/site/pytest/__main__.py", "check-data", "python scripts/check_data.py"),
        ("", "convert", "python scripts/convert_mmseg.py"),
    ],
)
def test_further_commands_have_the_form_in_which_we_were_called(
    called, verb, expected, monkeypatch
):
    monkeypatch.setattr("sys.argv", [called])
    assert command(verb) == expected
