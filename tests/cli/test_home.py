"""The home folder in overrides."""

import pytest

from segadapt.cli.home import with_home


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("paths.runs=~/runs", "paths.runs=/home/ada/runs"),
        ("+data.root=~", "+data.root=/home/ada"),
        ("init=~/a,~/b,c~/d", "init=/home/ada/a,/home/ada/b,c~/d"),
        ("hydra.sweep.dir=~/my runs", "hydra.sweep.dir='/home/ada/my runs'"),
        ("label=~300", "label=~300"),
        ("'label=~/a'", "'label=~/a'"),
        ("label='~/a'", "label='~/a'"),
        ("~data.root", "~data.root"),
        ("-m", "-m"),
    ],
)
def test_home_folder(word: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert with_home(word) == expected
