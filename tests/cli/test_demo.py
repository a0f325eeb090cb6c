"""``segadapt demo``: what is wrong is said before anything is loaded."""

import importlib.util
import socket

import pytest

from segadapt.cli.demo import main
from segadapt.deployment.demo.listener import listen


def said(capsys, *words):
    """The exit code and the sentence."""
    with pytest.raises(SystemExit) as end:
        main(words)
    if isinstance(end.value.code, int):
        return end.value.code, capsys.readouterr().err
    return 1, end.value.code


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "run= is missing. Write: run=RUN, or run=[RUN,RUN,RUN]."),
        (["run=[]"], 2, "run= is missing."),
        (["run=.", "prot=80"], 2, "Unknown key in 'prot=80'. Did you mean port=?"),
        (["run=.", "port=x"], 2, "port=x: port takes an integer."),
        (["run=.", "port=null"], 2, "port=null: port needs a value."),
        (["run=[.,nowhere]"], 1, "run=nowhere does not exist; pass a run folder"),
        (["run=[.,.,.,.]"], 1, "run= names 4 runs; choose at most 3"),
        (["run=.", "port=70000"], 1, "port=70000 is out of range; choose 0 to 65535"),
        (["run=.", "max_bytes=0"], 1, "max_bytes=0 is out of range; choose 1 or more"),
        (["run=.", "samples=-1"], 1, "samples=-1 is out of range; choose 0 or more"),
        (["run=.", "host=not.a.host.invalid"], 1, "cannot be listened on"),
    ],
)
def test_a_wrong_word_gets_one_sentence(capsys, monkeypatch, words, code, sentence):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    found, text = said(capsys, *words)
    assert found == code
    assert sentence in text
    assert len(text.strip().splitlines()) == 1


def test_a_missing_gradio_names_the_extra(capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    sentence = "error: the demo needs gradio; install it with pip install 'segadapt[demo]'"
    assert said(capsys, "run=.") == (1, sentence)


def test_a_port_that_is_taken_gets_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=f"port={port} cannot be listened on: .*in use"):
            listen("127.0.0.1", port)


def test_a_free_port_is_found_and_local():
    listener = listen("127.0.0.1", 0)
    with listener.socket:
        port = listener.socket.getsockname()[1]
        assert listener.address == f"http://127.0.0.1:{port}"
        assert listener.is_local
        assert port > 0
