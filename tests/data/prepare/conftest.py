import io

import pytest
from publisher import publishing
from rich.console import Console

from segadapt.data.prepare import download
from segadapt.data.prepare.progress_bars import Bars


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    with publishing() as running:
        yield running


@pytest.fixture
def bars():
    return Bars(Console(file=io.StringIO()))
