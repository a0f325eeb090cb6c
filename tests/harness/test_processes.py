"""No process outlives the benchmark that started it, and Ctrl-C is answered in one sentence."""

import ast
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from benchmarks.harness.processes import output_of, running

from segadapt.cli.shell import answer

benchmark = importlib.import_module("scripts.benchmark")
SCRIPTS = Path(benchmark.__file__).parent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_benchmark_that_is_interrupted_says_so_in_one_sentence(number, monkeypatch, capsys):
    interrupted = SimpleNamespace(main=lambda words: os.kill(os.getpid(), number))
    monkeypatch.setattr(benchmark.importlib, "import_module", lambda name: interrupted)
    with pytest.raises(SystemExit) as end:
        answer(lambda: benchmark.main(["overhead", "busy=true"]))
    assert end.value.code == 128 + number
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda script: script.stem)
def test_a_script_answers_as_commands_do(script):
    last = ast.parse(script.read_text()).body[-1]
    assert isinstance(last, ast.If)
    assert [line.value.func.id for line in last.body] in (["answer"], ["door"])


def ended(number):
    """Whether a process ends within seconds; it may wait for init to take note of that."""
    file = Path(f"/proc/{number}/status")
    for _ in range(500):
        if not file.exists() or "State:\tZ" in file.read_text():
            return True
        time.sleep(0.01)
    return False


def test_a_process_is_killed_with_the_processes_that_it_started():
    command = ["sh", "-c", "sleep 60 & echo $!; wait"]
    with running(command, stdout=subprocess.PIPE) as process:
        sleeper = int(process.stdout.readline())
        assert os.getpgid(sleeper) == process.pid != os.getpgid(0)
    assert process.returncode == -signal.SIGKILL
    assert ended(sleeper)


def test_the_output_of_a_program_that_fails_names_its_error():
    assert output_of([sys.executable, "-c", "print(7)"]) == "7\n"
    script = "import sys; print('no such card', file=sys.stderr); sys.exit(3)"
    failing = [sys.executable, "-c", script]
    assert output_of(failing, code=3) == ""
    with pytest.raises(RuntimeError, match=r"ended with exit code 3, not 0: no such card"):
        output_of(failing)
