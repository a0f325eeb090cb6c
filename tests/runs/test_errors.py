"""One sentence for whoever types, the traceback in a file."""

import signal

import pytest
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from segadapt.runs.errors import (
    NO_ANSWER,
    Interrupted,
    RankFailed,
    clear,
    debugging,
    from_outside,
    record,
    recorded,
    user_message,
)
from segadapt.runs.file_names import ERROR


def test_a_mistake_of_a_user_is_its_own_sentence():
    assert user_message(ValueError("tau=0; it must\n be above 0")) == "tau=0; it must be above 0"


def test_a_fault_of_ours_says_so():
    assert user_message(IndexError("2")) == ("Unexpected error: IndexError: 2; please report it")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"_target_": "fractions.Fraction", "_args_": ["x"]}, "Invalid literal for Fraction: 'x'"),
        ({"_target_": "datetime.timedelta", "nonsense": 1}, "'nonsense' is an invalid keyword"),
    ],
)
def test_what_a_constructor_says_comes_with_its_config_key(node, expected):
    with pytest.raises(InstantiationException) as raised:
        instantiate({"model": {"neck": node}})
    said = user_message(raised.value)
    assert said.startswith(expected)
    assert said.endswith("(config key model.neck)")
    assert "Unexpected error" not in said


def test_what_a_loader_process_passes_on_is_the_sentence_alone():
    text = "Caught ValueError in DataLoader worker process 0.\nTraceback\n  File x\nValueError: bad"
    assert user_message(ValueError(text)) == "bad"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate"),
    ],
)
def test_a_lack_of_memory_names_the_way_out(error):
    said = user_message(error)
    assert said.startswith("out of memory")
    assert "trainer.accumulate_grad_batches" in said


def test_the_first_failure_is_the_one_that_is_kept(tmp_path):
    record(tmp_path, ValueError("the cause"))
    record(tmp_path, RuntimeError("what followed"))
    assert recorded(tmp_path) == "the cause"
    assert "ValueError: the cause" in (tmp_path / ERROR).read_text()
    assert "what followed" not in (tmp_path / ERROR).read_text()
    clear(tmp_path)
    clear(tmp_path)
    assert recorded(tmp_path) is None


def test_a_rank_passes_its_sentence_on():
    assert user_message(RankFailed("label a.png holds 7")) == "label a.png holds 7"


def test_an_interruption_ends_as_shells_have_it():
    interruption = Interrupted(signal.SIGTERM, 7)
    assert (str(interruption), interruption.exit_code) == ("interrupted at step 7", 143)


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True)])
def test_tracebacks_are_shown_on_demand(monkeypatch, value, expected):
    monkeypatch.setenv("SEGADAPT_DEBUG", value)
    assert debugging() is expected


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (
            "DataLoader worker (pid 77) is killed by signal: Killed. ",
            "a data loading process ended (DataLoader worker (pid 77) is killed by signal: "
            "Killed); the system may have killed it for lack of memory",
        ),
        (
            "DataLoader worker (pid(s) 77, 78) exited unexpectedly",
            "a data loading process ended (DataLoader worker (pid(s) 77, 78) exited",
        ),
        ("[x.cc:81] Timed out waiting 60000ms for recv operation to complete", NO_ANSWER),
        ("wait timeout after 5000ms, keys: /default_pg/0", NO_ANSWER),
        ("Watchdog caught collective operation timeout: WorkNCCL(", NO_ANSWER),
        ("[pair.cc:530] Connection closed by peer [127.0.0.1]:41", "the connection to another"),
    ],
)
def test_what_another_process_did_to_a_run_was_foreseen(text, meaning):
    error = RuntimeError(text)
    assert user_message(error).startswith(meaning)
    assert "Unexpected error" not in user_message(error)
    assert from_outside(error)
    assert from_outside(RankFailed("rank 1 stopped answering"))
    assert not from_outside(ValueError(text))  # a data set's own words


def test_a_dead_loader_process_is_found_behind_what_it_broke():
    error = TypeError("a check did not come to its end")
    error.__context__ = RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")
    assert user_message(error).startswith("a data loading process ended")


def test_a_file_of_the_system_is_told_by_its_name():
    assert (
        user_message(PermissionError(13, "Permission denied", "/a/b")) == "/a/b: Permission denied"
    )
    assert user_message(FileExistsError(17, "File exists", "/a/b")) == "/a/b: it is not a folder"
    assert user_message(OSError("our own words")) == "our own words"
