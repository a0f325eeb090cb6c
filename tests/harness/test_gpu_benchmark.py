"""The GPU benchmark, tried on a CPU with tiny networks."""

import json
import re

import pytest
from benchmarks import gpu
from benchmarks.harness.gpu_context import Context

from segadapt.runs.errors import Interrupted
from segadapt.runs.session import interruptible


def context(folder, seconds=60.0):
    return Context("cpu", seconds, folder / "part.json", folder / "camvid", folder / "weights")


def test_a_part_leaves_its_figures_and_goals(tmp_path):
    gpu.PARTS["eager"].run(context(tmp_path))
    kept = json.loads((tmp_path / "part.json").read_text())
    names = [goal["what"] for goal in kept["goals"]]
    assert "eager ssa / fixed: training step" in names
    assert all(goal["measured"] > 0 for goal in kept["goals"])
    assert set(kept["details"]) == {"eager fixed", "eager cac", "eager ssa"}


def test_the_loss_of_a_branch_is_timed_in_each_way(tmp_path):
    gpu.PARTS["loss"].run(context(tmp_path))
    kept = json.loads((tmp_path / "part.json").read_text())
    names = [goal["what"] for goal in kept["goals"]]
    assert "loss: cross-entropy, float32 scores: naive / strips" in names
    assert "strips" in kept["details"]["loss: cross-entropy and Dice, bfloat16 scores"]


def test_a_step_that_waits_is_counted_and_the_other_classifiers_are_tried(monkeypatch, tmp_path):
    def check(subject):
        if type(subject.model.classifier).__name__ == "CACClassifier":
            raise ValueError("a training step waits for the GPU in losses/x.py line 3")

    monkeypatch.setattr(gpu.gpu_speed, "check_values", check)
    monkeypatch.setattr(gpu.gpu_speed, "SYNCED", ("cac", "fixed"))
    part = context(tmp_path)
    gpu.PARTS["syncs"].run(part)
    waits = "steps that wait for the GPU"
    assert {goal.what: goal.measured for goal in part.goals} == {
        f"cac: {waits}": 1,
        f"fixed: {waits}": 0,
    }
    assert part.details["cac: waits"] == ["a training step waits for the GPU in losses/x.py line 3"]


def test_losses_are_those_of_double_precision(tmp_path):
    part = context(tmp_path)
    goals = gpu.gpu_correctness.loss_goals(part.device)
    assert len(goals) == 8
    assert all(goal.reached for goal in goals)


def test_figures_that_are_wrong_are_seen(monkeypatch, tmp_path):
    right = gpu.gpu_correctness.naive
    monkeypatch.setattr(
        gpu.gpu_correctness, "naive", lambda *given: (1.01 * right(*given)[0], right(*given)[1])
    )
    assert not any(
        goal.reached for goal in gpu.gpu_correctness.loss_goals(context(tmp_path).device)
    )


def test_the_gpu_tests_are_those_with_the_mark():
    files = gpu.gpu_training.gpu_test_files()
    assert {"tests/training/test_on_a_gpu.py", "tests/classifiers/test_golden_on_a_gpu.py"} <= {
        *files
    }
    assert "tests/training/loggers/test_wandb_tracker.py" not in files


def test_no_test_module_needs_wandb_to_be_collected():
    """GPU machines lack it, and pytest runs nothing at all if one module cannot be imported."""
    pattern = re.compile(r"^(import|from) wandb\b", re.MULTILINE)
    for file in (gpu.ROOT / "tests").rglob("*.py"):
        assert not pattern.search(file.read_text(encoding="utf-8")), file


OPTIONS = {**gpu.DEFAULTS, "camvid": "nowhere", "weights": "nothing"}


def run(monkeypatch, tmp_path, program, seconds=60.0):
    monkeypatch.setattr(gpu, "CHILD", program)
    monkeypatch.setattr(gpu, "LEAST", 0)
    return gpu.run_part("eager", "cpu", gpu.time.monotonic() + seconds, tmp_path, OPTIONS)


WRITE = "import sys, json; open(sys.argv[4], 'w').write(json.dumps({'goals': [], 'details': 7}));"


def test_a_part_that_is_cut_keeps_what_it_had(monkeypatch, tmp_path):
    part = run(monkeypatch, tmp_path, WRITE + "import time; time.sleep(60)", seconds=1.5)
    assert part["state"].startswith("cut after ")
    assert part["details"] == 7
    assert "error" not in part


def test_a_part_that_crashes_keeps_what_it_had_and_why(monkeypatch, tmp_path):
    part = run(monkeypatch, tmp_path, WRITE + "sys.exit('an illegal address')")
    assert part["state"] == "failed with exit code 1"
    assert part["details"] == 7
    assert "an illegal address" in part["error"]


def test_an_interrupted_benchmark_keeps_its_figures_and_names_the_other_parts(
    monkeypatch, tmp_path, capsys
):
    interrupt = WRITE + "import os, time; os.kill(os.getppid(), 2); time.sleep(60)"
    monkeypatch.setattr(gpu, "CHILD", interrupt.replace("7", "{'loss': 7}"))
    with pytest.raises(Interrupted), interruptible():
        gpu.main(["only=eager,peers", "device=cpu", f"out={tmp_path}"])
    parts = json.loads((tmp_path / "gpu.json").read_text())["parts"]
    assert {name: part["state"] for name, part in parts.items()} == {
        "eager": "interrupted",
        "peers": "not run",
    }
    assert parts["eager"]["details"] == {"loss": 7}
    assert capsys.readouterr().out.endswith("eager: interrupted\npeers: not run\n")
    assert [file.name for file in tmp_path.iterdir()] == ["gpu.json"]


def test_more_minutes_give_every_part_more_time(monkeypatch, tmp_path):
    limits = []
    monkeypatch.setattr(gpu, "_wait", lambda command, lines, limit: limits.append(limit) or {})
    for minutes in ("4", "16"):
        end = gpu.time.monotonic() + 60 * float(minutes)
        gpu.run_part("eager", "cpu", end, tmp_path, {**OPTIONS, "minutes": minutes})
    assert limits == [90, 180]


def test_without_time_a_part_is_not_begun(tmp_path):
    end = gpu.time.monotonic() + gpu.LEAST - 1
    part = gpu.run_part("eager", "cpu", end, tmp_path, OPTIONS)
    assert part["state"] == "not run: no time left"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["onyl=eager"], "Unknown option 'onyl=eager'. Available: only=VALUE"),
        (["only=eagre"], "Unknown part 'eagre'. Available: correct, "),
        (["minutes=soon"], "minutes=soon is not a positive number"),
        (["minutes=0"], "minutes=0 is not a positive number"),
        (["device=tpu"], "Unknown device 'tpu'. Available: auto, cpu, cuda"),
        (["device="], "Unknown option 'device='"),
    ],
)
def test_wrong_options_are_one_sentence(words, message):
    with pytest.raises(ValueError, match=message):
        gpu.options_of(words)
