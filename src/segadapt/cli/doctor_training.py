"""Checks of ``segadapt doctor`` that train: some steps on each device, and two processes."""

import math
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty
from typing import Any, Final

from segadapt.cli.doctor_findings import BAD, OK, Finding
from segadapt.cli.places import CONF
from segadapt.runs.launch import free_port

STEPS: Final = 5
PATIENCE: Final = 180.0
"""Seconds for two processes to import torch and connect; on a busy machine imports are slow."""


def trainings() -> Iterator[Finding]:
    """Train the smallest network with SSA for five steps on each device, on generated data."""
    import torch

    names = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    for name in names:
        start = time.perf_counter()
        losses = train(torch.device(name))
        seconds = time.perf_counter() - start
        finite = all(map(math.isfinite, losses))
        text = f"{STEPS} steps in {seconds:.1f} s, loss {losses[0]:.2f} to {losses[-1]:.2f}"
        advice = "" if finite else "losses must be finite; try trainer.precision=32-true"
        yield Finding(f"training on {name}", OK if finite else BAD, text, advice)


def train(device: Any) -> list[float]:
    """The losses of some steps of ``model=tiny`` on ``data=digits``."""
    import torch
    from hydra import compose, initialize_config_dir

    from segadapt.cli import hydra_command  # noqa: F401 # registers resolvers
    from segadapt.data.transport import collate
    from segadapt.experiment import build_data, build_task

    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", ["classifier=ssa", "data=digits", "model=tiny"])
    torch.manual_seed(0)
    task = build_task(config).to(device).train()
    samples = build_data(config).train
    batch = collate([samples[(index, index)] for index in range(4)])
    image, mask = batch.image.to(device), batch.mask.to(device).long()
    optimizer = torch.optim.AdamW(task.parameters(), 1e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = task.objective(task.model(image, mask), mask).total
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def two_processes() -> Iterator[Finding]:
    """Let two processes add their numbers, as the ranks of a distributed training do."""
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    port = free_port()
    ranks = [context.Process(target=_rank, args=(n, port, results), daemon=True) for n in (0, 1)]
    for rank in ranks:
        rank.start()
    try:
        sums, problem = _sums(ranks, results)
    finally:
        for rank in ranks:
            rank.join(0 if problem else 5)
            rank.kill()
    if problem:
        advice = "check that the loopback interface is up and that no firewall blocks it"
        yield Finding("two processes", BAD, problem, advice)
        return
    right = sums == [3.0, 3.0]
    text = f"1 + 2 by gloo is {' and '.join(f'{value:g}' for value in sums)}"
    yield Finding("two processes", OK if right else BAD, text, "" if right else "reinstall torch")


def _sums(ranks: Sequence[Any], results: Any) -> tuple[list[float], str]:
    """The sum computed by each rank, or the reason why there is none."""
    sums: list[float] = []
    end = time.monotonic() + PATIENCE
    while len(sums) < len(ranks):
        failed = [rank.exitcode for rank in ranks if rank.exitcode]
        if failed or time.monotonic() > end:
            within = f"gloo gave no sum within {PATIENCE:.0f} s"
            return [], f"one ended with exit code {failed[0]}" if failed else within
        with suppress(Empty):
            sums.append(results.get(timeout=0.2))
    return sums, ""


def _rank(number: int, port: int, results: Any) -> None:
    """Compute the sum in a process of its own."""
    import torch
    from torch import distributed

    address = f"tcp://127.0.0.1:{port}"
    distributed.init_process_group("gloo", init_method=address, rank=number, world_size=2)
    value = torch.tensor(float(number + 1))
    distributed.all_reduce(value)
    results.put(value.item())
    distributed.destroy_process_group()
