import hashlib
import platform
import shutil
import subprocess
from functools import cache

import cv2
import pytest
import torch

from segadapt.files import sha256
from segadapt.runs import environment
from segadapt.runs.environment import commit, processor, provenance


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    (tmp_path / "a.py").write_text("1\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_a_clean_checkout_is_its_commit(repository):
    folder, head = repository
    assert commit(folder) == {"commit": head, "dirty": False}


def test_a_changed_file_makes_it_dirty(repository):
    folder, head = repository
    (folder / "a.py").write_text("2\n")
    assert commit(folder) == {"commit": head, "dirty": True}


def test_without_a_repository_there_is_no_commit(tmp_path):
    assert commit(tmp_path) == {"commit": None, "dirty": None}


def test_without_git_there_is_no_commit(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit(repository[0]) == {"commit": None, "dirty": None}


def test_a_digest_is_that_of_the_whole_file(tmp_path):
    content = bytes(range(256)) * 4097
    (tmp_path / "a").write_bytes(content)
    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_versions_are_those_installed():
    assert provenance()["torch"] == torch.__version__.split("+")[0]
    assert provenance()["opencv"] == cv2.__version__


@pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("lscpu") is None,
    reason="other processors have no such lines in /proc/cpuinfo",
)
def test_a_processor_is_its_name_its_numbers_and_its_instructions(monkeypatch):
    """``lscpu`` reads the same facts by another way."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    told = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    facts = {
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in told.splitlines())
    }
    said = processor()
    assert said.endswith(", AVX2")
    for key, begin in (("Model name", ""), ("CPU family", "cpu family "), ("Model", "model ")):
        if key in facts:
            assert begin + facts[key] in said.split(", ")


def test_a_report_states_the_code_that_was_loaded_however_the_checkout_changes(monkeypatch):
    heads = iter(["loaded", "later"])
    monkeypatch.setattr(environment, "commit", lambda folder: {"commit": next(heads)})
    monkeypatch.setattr(environment, "_loaded", cache(environment._loaded.__wrapped__))
    first = provenance()
    first["torch"] = "changed by a caller"
    second = provenance()
    assert (first["commit"], second["commit"]) == ("loaded", "loaded")
    assert second["torch"] == torch.__version__.split("+")[0]
