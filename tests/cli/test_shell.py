"""How commands end: one sentence, and an exit code that says which kind of end it was."""

import signal
import subprocess
import sys

import pytest

from segadapt.cli.shell import answer
from segadapt.runs.errors import Interrupted


def code_of(error, *known):
    def act():
        raise error

    with pytest.raises(SystemExit) as end:
        answer(act, *known)
    return end.value.code


class Known(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("tau=0 is too small"), "error: tau=0 is too small"),
        (PermissionError(13, "Permission denied", "/x/y"), "error: /x/y: Permission denied"),
        (OSError(28, "No space left on device", "/x"), "error: /x: No space left on device"),
        (Known("its own words"), "error: its own words"),
        (IndexError("2"), "error: Unexpected error: IndexError: 2; please report it"),
    ],
)
def test_an_error_is_one_sentence_and_code_1(error, said):
    assert code_of(error, Known) == said  # the interpreter prints it and returns 1


def test_ctrl_c_is_told_with_the_code_of_shells(capsys):
    assert code_of(KeyboardInterrupt()) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_inside_a_command_that_is_stopped_is_told_the_same_way(number, capsys):
    assert code_of(Interrupted(number, 3)) == 128 + number
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Interrupted(signal.SIGINT, None)])
def test_an_interruption_that_a_library_replaced_by_its_own_error_is_told(stop, capsys):
    def act():
        try:
            try:
                raise stop
            finally:
                raise AttributeError("'NoneType' object has no attribute 'flags'")
        except AttributeError as error:
            raise ValueError("config.yaml is not valid YAML") from error

    with pytest.raises(SystemExit) as end:
        answer(act)
    assert end.value.code == 128 + signal.SIGINT
    assert capsys.readouterr().err == "interrupted\n"


def test_an_exit_code_of_the_command_itself_stays():
    assert code_of(SystemExit(2)) == 2


def test_a_reader_that_leaves_is_no_error():
    call = (
        "from segadapt.cli.shell import answer\n"
        "answer(lambda: [print('x' * 1000) for _ in range(1000)])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", call], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 128 + signal.SIGPIPE
    process.stderr.close()


def test_a_debugger_gets_the_traceback(monkeypatch, capsys):
    monkeypatch.setenv("SEGADAPT_DEBUG", "1")
    assert code_of(ValueError("x")) == "error: x"
    assert "Traceback" in capsys.readouterr().err
