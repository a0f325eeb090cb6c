"""``segadapt doctor``: what is in order passes, what is not is named."""

import json
import queue
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from segadapt.cli import doctor, doctor_machine, doctor_software, doctor_training
from segadapt.cli.doctor_findings import BAD, NOTE, OK, Finding

LIGHT = ["train=false", "hub=false"]


def test_this_machine_is_in_order(capsys):
    assert doctor.main(LIGHT) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "all checks passed"
    assert any(line.startswith("ok    packages: ") for line in lines)
    assert any(line.startswith("ok    decoders: ") for line in lines)


@pytest.mark.parametrize("word", ["json=true", "--json"])
def test_json_has_every_finding(capsys, word):
    assert doctor.main([*LIGHT, word]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {"Python", "packages", "decoders", "CPU"} <= {row["name"] for row in report["findings"]}


def one(check):
    (finding,) = check()
    return finding


def test_five_steps_are_trained_and_losses_fall():
    (finding,) = [f for f in doctor_training.trainings() if f.name == "training on cpu"]
    assert finding.state == OK
    first, last = finding.text.split("loss ")[1].split(" to ")
    assert float(last) < float(first)


def test_losses_that_are_not_finite_are_bad(monkeypatch):
    monkeypatch.setattr(doctor_training, "train", lambda device: [1.0, float("nan")])
    finding = next(doctor_training.trainings())
    assert finding.state == BAD
    assert "must be finite" in finding.advice


def test_a_decoder_that_returns_half_an_image_is_bad(monkeypatch):
    from segadapt.data.files import decode

    right = decode.read_image
    whole = {}

    def believing(file, *rest):
        if file.name == "half.jpg":
            return whole["image"]
        whole["image"] = right(file, *rest)
        return whole["image"]

    monkeypatch.setattr(decode, "read_image", believing)
    finding = one(doctor_machine.decoders)
    assert (finding.state, finding.name) == (BAD, "decoders")
    assert finding.advice == "pip install -U opencv-python-headless"


def test_versions_out_of_bounds_and_missing_packages_are_bad(monkeypatch):
    needs = ["numpy>=999", "no-such-package>=1", 'other>=1; extra == "dev"']
    monkeypatch.setattr(doctor_software, "requires", lambda name: needs)
    finding = next(doctor_software.packages())
    assert finding.state == BAD
    assert "numpy is " in finding.text
    assert "no-such-package is not installed" in finding.text
    assert "other" not in finding.text


def test_a_folder_that_cannot_be_written_is_bad(monkeypatch, tmp_path):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(doctor_machine.tempfile, "TemporaryFile", full)
    findings = list(doctor_machine.disk(str(tmp_path))())
    assert [finding.state for finding in findings] == [BAD, BAD]
    assert "No space left on device" in findings[0].text


def test_a_full_disk_is_noted(monkeypatch, tmp_path):
    usage = type("Usage", (), {"free": 10**6})
    monkeypatch.setattr(doctor_machine.shutil, "disk_usage", lambda place: usage)
    findings = [*doctor_machine.disk(str(tmp_path))(), one(doctor_machine.shared_memory)]
    assert [finding.state for finding in findings] == [NOTE] * 3


@pytest.fixture
def online(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return monkeypatch


def test_a_hub_that_does_not_answer_is_noted(online):
    def silent(request, timeout):
        assert timeout == 2.0
        raise urllib.error.URLError("timed out")

    online.setattr(urllib.request, "urlopen", silent)
    finding = one(doctor_software.hub)
    assert finding.state == NOTE
    assert finding.text.startswith("does not answer (timed out)")


def test_a_hub_that_answers_with_an_error_answers(online):
    def refusing(request, timeout):
        raise urllib.error.HTTPError(request.full_url, 403, "Forbidden", {}, None)

    online.setattr(urllib.request, "urlopen", refusing)
    assert one(doctor_software.hub).text.startswith("answers")


def test_a_failed_check_is_the_exit_code(monkeypatch, capsys):
    def broken():
        raise RuntimeError("no such thing")
        yield

    bad = [Finding("a", OK, "fine"), Finding("b", BAD, "wrong", "mend it")]
    monkeypatch.setattr(doctor, "checks", lambda options: [lambda: iter(bad), broken])
    assert doctor.main([]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok    a: fine",
        "BAD   b: wrong; mend it",
        "BAD   broken: RuntimeError: no such thing; report it with this line",
        "2 of 3 checks failed",
    ]


@pytest.mark.slow
def test_two_processes_add_their_numbers():
    assert one(doctor_training.two_processes).state == OK


def test_a_process_that_fails_is_not_waited_for():
    ranks = [SimpleNamespace(exitcode=code) for code in (None, 3)]
    began = time.monotonic()
    sums, problem = doctor_training._sums(ranks, queue.Queue())
    assert (sums, problem) == ([], "one ended with exit code 3")
    assert time.monotonic() < began + 5
