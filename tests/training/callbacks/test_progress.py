import io
import math
import re
import threading

import lightning as L
import pytest
import torch
from rich.console import Console
from toy import ToyData, ToyTask, fit

from segadapt.training.callbacks import progress
from segadapt.training.callbacks.display import Bar, Lines
from segadapt.training.callbacks.progress import DelayedValue, TrainingProgress


@pytest.fixture(autouse=True)
def _always_look(monkeypatch):
    monkeypatch.setattr(progress, "REFRESH", 0.0)


def test_a_file_gets_a_line_every_so_many_steps(tmp_path):
    out = io.StringIO()
    fit([TrainingProgress(every=4, console=Console(file=out))], tmp_path)
    lines = out.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["4/10", "8/10", "10/10"]
    form = r"step \d+/10  [\d.]+ steps/s  left \d\d:\d\d:\d\d  loss \d\.\d{4}  mIoU ([\d.]+|-)"
    assert all(re.fullmatch(form, line) for line in lines)
    assert lines[0].endswith("mIoU -")
    assert not lines[1].endswith("mIoU -")


def test_a_terminal_gets_a_bar_that_reaches_the_end(tmp_path):
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120)
    fit([TrainingProgress(console=console)], tmp_path)
    assert "10/10" in out.getvalue()
    assert "loss" in out.getvalue()
    assert out.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_the_terminal_is_given_back_when_training_fails(tmp_path):
    class Fails(ToyTask):
        def training_step(self, batch, index):
            if index == 3:
                raise RuntimeError("as planned")
            return super().training_step(batch, index)

    out = io.StringIO()
    bar = TrainingProgress(console=Console(file=out, force_terminal=True, width=120))
    trainer = L.Trainer(
        max_steps=10,
        callbacks=[bar],
        logger=False,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    with pytest.raises(RuntimeError, match="as planned"):
        trainer.fit(Fails(), datamodule=ToyData())
    assert "\x1b[?25h" in out.getvalue()


def test_it_looks_twice_a_second_at_most(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "REFRESH", 3600.0)
    looks = []
    monkeypatch.setattr(DelayedValue, "look", lambda self, value: looks.append(value) or 0.0)
    fit([TrainingProgress(console=Console(file=io.StringIO()))], tmp_path)
    assert len(looks) == 1  # the last step


def test_accumulated_batches_are_one_step(tmp_path):
    out = io.StringIO()
    shown = TrainingProgress(every=1, console=Console(file=out))
    fit([shown], tmp_path, steps=4, accumulate_grad_batches=3)
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["1/4", "2/4", "3/4", "4/4"]


def test_a_value_on_the_cpu_is_seen_at_once():
    assert DelayedValue().look(torch.tensor(2.5)) == 2.5


@pytest.mark.gpu
def test_a_value_on_a_gpu_is_seen_without_waiting():
    glimpse = DelayedValue()
    values = torch.arange(3.0, device="cuda")
    torch.cuda.synchronize()
    glimpse.look(values[0])
    torch.cuda.set_sync_debug_mode("error")
    try:
        seen = [glimpse.look(values[1])]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.cuda.synchronize()
    seen.append(glimpse.look(values[2]))
    assert seen[0] in (0.0,) or math.isnan(seen[0])
    assert seen[1] == 1.0


def test_no_thread_can_hold_the_lock_of_the_terminal_when_loaders_are_forked():
    before = threading.active_count()
    bar = Bar(Console(file=io.StringIO(), force_terminal=True, width=100))
    bar.start(0, 10)
    bar.show(1, 1.0, "loss 0.1234")
    assert threading.active_count() == before
    bar.stop()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_the_steps_are_never_cut_however_narrow_the_terminal(width):
    out = io.StringIO()
    bar = Bar(Console(file=out, force_terminal=True, width=width, no_color=True))
    bar.start(0, 160_000)
    bar.show(26_665, 12.34, "loss 0.1234  mIoU 61.58")
    bar.stop()
    *_, line = (line for line in re.split(r"[\r\n]", out.getvalue()) if "left" in line)
    assert "26665/160000" in line.replace(" 26665", "26665")
    assert "…" not in line
    assert ("mIoU 61.58" in line) == (width >= 60)
    assert ("12.34 steps/s" in line) == (width >= 80)


@pytest.mark.parametrize(
    ("rate", "left"), [(1.0, "00:01:30"), (0.001, "25:00:00"), (1 / 4000, "100:00:00")]
)
def test_the_time_left_counts_hours_beyond_a_day(rate, left):
    out = io.StringIO()
    lines = Lines(Console(file=out, width=200), every=1)
    lines.start(0, 91)
    lines.show(1, rate, "")
    assert f"left {left} " in out.getvalue()
