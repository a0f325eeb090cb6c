from types import SimpleNamespace

import pytest
from made_runs import make_run

from segadapt.analysis.comparison import latency
from segadapt.analysis.comparison.results import read
from segadapt.analysis.cost.timing import Timing


class Network:
    """As much of a network as timing touches; nothing is computed."""

    def __init__(self):
        self.generator = SimpleNamespace(inputs=latency.FeatureGenerator.inputs)

    def to(self, *_, **__):
        return self

    def eval(self):
        return self


def test_a_cpu_is_read_by_its_own_time_and_its_load_is_said(monkeypatch, tmp_path):
    """A busy machine makes the wall clock eight times as long, and the CPU's time hardly longer."""
    readings = {"0": [Timing(8.0, 0.003), Timing(9.0, 0.001), Timing(7.0, 0.002)]}
    monkeypatch.setattr(latency.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(latency, "alternate", lambda actions, rounds, clock: readings)
    facts = {"gpu": None, "processor": "a processor", "threads": 1, "load": 7.25}
    monkeypatch.setattr(latency, "machine", lambda: facts)
    result = read(make_run(tmp_path / "run"))
    (found,) = latency.latencies([result], lambda config: Network())
    assert found.milliseconds == pytest.approx(2.0)
    assert found.least == pytest.approx(1.0)
    assert found.where == "a processor, CPU time of 1 thread, load 7.25 before"
