"""What is said of weights that cannot be had."""

import socket
from contextlib import closing

import pytest
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError

from segadapt.models.pretrained.download_errors import explained, unreachable


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def free_port():
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_server_that_listens_is_reachable():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        assert unreachable(f"http://127.0.0.1:{server.getsockname()[1]}/hub") is None


def test_a_proxy_is_left_to_decide(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert unreachable(f"http://127.0.0.1:{free_port()}") is None


def test_a_hub_that_does_not_answer_is_not_asked_again(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free_port()}")
    sentence = (
        r"weights of swin cannot be fetched \(127\.0\.0\.1 does not answer: Connection refused\); "
        r"train from scratch with data\.pretrained=false, or pass"
    )
    with pytest.raises(ValueError, match=sentence), explained("swin"):
        raise LocalEntryNotFoundError(f"offline: {constants.is_offline_mode()}")
    assert not constants.is_offline_mode()


def test_the_cache_serves_while_the_hub_does_not_answer(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with explained("swin"):
        assert constants.is_offline_mode()


def test_what_another_server_says_is_passed_on(monkeypatch):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        with (
            pytest.raises(ValueError, match=r"of b0 cannot be fetched \(gone\); .+ as w=FILE"),
            explained("b0", "w"),
        ):
            raise OSError("gone\nmore")
