"""Run by test_compiled.py: trainings whose network is compiled, in a process without shape checks.

The backend is the compiler without its code generation, which takes a minute on a CPU.
"""

import sys
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import runs
import torch
from compositions import composed
from rich.console import Console
from runs import config, fork_ranks, state, wait

from segadapt import experiment
from segadapt.classifiers.parts import fixed_prototypes
from segadapt.evaluation.cache_features import cache
from segadapt.experiment import build_task
from segadapt.functional import cosine
from segadapt.runs import trust
from segadapt.runs.reader import read_run
from segadapt.structures import Batch
from segadapt.training.compiled import CompiledHalves
from segadapt.training.gradient_check import compared

BACKEND = "aot_eager"
STEPS = 4
CHANGES = (
    *(f"data.steps={STEPS}", "data.eval_every=2", "checkpoint_every=1"),
    *("data.batch_size=2", "classifier.oracle_group=2"),
)
COMPILED = (*CHANGES, "trainer.compile=default")
TWO = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


def weights(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def check_same(first, second):
    one, two = weights(first), weights(second)
    assert list(one) == list(two), one.keys() ^ two.keys()
    assert not any("_orig_mod" in name for name in one)
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-5, msg=name)


def compiled_is_eager(root):
    """The same training; what is saved and measured has the same names."""
    eager = experiment.train(config(root / "eager", *CHANGES))
    compiled = experiment.train(config(root / "compiled", *COMPILED))
    check_same(root / "eager", root / "compiled")
    assert compiled.keys() == eager.keys()
    assert abs(compiled["train/loss"] - eager["train/loss"]) < 1e-4


def interrupted_is_whole(root):
    """Stopped in its third step and resumed, a compiled training ends with the same bits."""
    start = CompiledHalves.checked
    calls = []

    def stopping(halves, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("as planned")
        return start(halves, *arguments)

    CompiledHalves.checked = stopping
    with pytest.raises(RuntimeError, match="as planned"):
        experiment.train(config(root / "stopped", *COMPILED))
    assert (root / "stopped" / "checkpoints" / "last.ckpt").is_file()
    experiment.train(config(root / "stopped", *COMPILED))
    assert state(root / "stopped") == state(root / "compiled")
    table = (root / "compiled" / "metrics.csv").read_text()
    assert (root / "stopped" / "metrics.csv").read_text() == table


def failing_is_told(root):
    """A backend that cannot compile ends the training in a sentence."""

    def failing(graph, inputs):
        raise OSError("no compiler of C++")

    experiment.CompiledHalves = partial(CompiledHalves, backend=failing)
    with pytest.raises(
        ValueError, match=r"trainer.compile=default: torch .* cannot compile"
    ) as told:
        experiment.train(config(root / "failing", *COMPILED))
    assert "no compiler of C++. Set trainer.compile=null" in str(told.value), told.value


def ranks_are_one(root):
    """Two compiled ranks learn what one eager process learns."""
    changes = ("data.batch_size=4", "classifier.dropout=0.0")
    experiment.train(config(root / "one", *CHANGES, *changes))
    (root / "two").mkdir()
    two = config(root / "two", *COMPILED, *changes, *TWO)
    pids = fork_ranks([lambda: experiment.fit(two)] * 2)
    assert [wait(pid) for pid in pids] == [0, 0]
    check_same(root / "one", root / "two")


def wrong_is_caught(root):
    """The check refuses what this version of torch compiles wrong, and nothing else.

    torch 2.11 compiles the cosine that eager trainings compute into wrong gradients.
    """

    def eager_only(rows, tau):
        inverse = cosine.inverse_norm(rows.detach())

        def score(centers):
            units = cosine.accurate(centers) * cosine.inverse_norm(centers)
            return cosine._Cosine.apply(rows, units, inverse, tau)

        return score

    rows, centers = torch.randn(1, 9, 4, requires_grad=True), torch.randn(1, 3, 4)

    def slope(scores):
        return torch.autograd.grad(scores(rows, centers).square().sum(), rows)[0]

    def written_out(rows, centers):
        return eager_only(rows, 2.0)(centers)

    right, mine = slope(written_out), slope(torch.compile(written_out, backend=BACKEND))
    is_wrong = ((mine - right).norm() > 0.1 * right.norm()).item()
    fixed_prototypes.cosine_scores = eager_only
    task = build_task(config(root, "classifier=fixed", "classifier.score=cosine")).train()
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(2, 3, 32, 32, generator=draw)
    batch = Batch(image, torch.randint(0, 5, (2, 32, 32), generator=draw), ["", ""])
    halves = CompiledHalves(task.model, "default", backend=BACKEND)
    verdict = compared(task.model, halves, task.objective, batch)
    assert bool(verdict.wrong) == is_wrong, verdict


def same_as_eager(root, name, *changes):
    """A training with these changes learns the same compiled and eager."""
    for mode in ("null", "default"):
        torch.compiler.reset()
        changed = (*CHANGES, *changes, f"trainer.compile={mode}")
        experiment.train(config(root / f"{name}-{mode}", *changed))
    check_same(root / f"{name}-null", root / f"{name}-default")


def starts_from_weights(root):
    """init=RUN, of a compiled run, with another classifier and with a frozen encoder."""
    experiment.train(config(root / "run", *COMPILED))
    start = f"init.run={root / 'run'}"
    same_as_eager(root, "init", start, "classifier=ssa")
    same_as_eager(root, "frozen", start, "init.freeze=encoder")


def learns_from_cached_features(root):
    """The laboratory: a classifier alone, on the features of a compiled run."""
    options = composed(f"out='{root / 'features'}'", "train=8", name="cache_features")
    run = read_run(str(root / "run"), "last", trust.check)
    cache(options, run, Console(file=StringIO()))
    cached = ("data=cached", "model=cached", "data.num_workers=0")
    shared = [word for word in runs.SMALL if not word.startswith(("data", "model"))]
    runs.SMALL, before = (*shared, *cached, f"data.root={root / 'features'}"), runs.SMALL
    same_as_eager(root, "lab", "classifier=ssa")
    runs.SMALL = before


def computes_blocks_twice(root):
    """Activation checkpointing, with blocks that are dropped at random."""
    for switch in ("true", "false"):
        torch.compiler.reset()
        changes = ("model=segformer_mit_b0", f"model.encoder.checkpointing={switch}")
        changes = (*COMPILED, "data.pretrained=false", *changes)
        experiment.train(config(root / f"twice-{switch}", *changes))
    check_same(root / "twice-true", root / "twice-false")


CHECKS = {
    "others": (starts_from_weights, learns_from_cached_features, computes_blocks_twice),
    "wrong": (wrong_is_caught,),
    "trainings": (compiled_is_eager, interrupted_is_whole, failing_is_told),
    "ranks": (ranks_are_one,),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.ones(1, requires_grad=True).sum().backward()  # so that forks can take gradients
    experiment.CompiledHalves = partial(CompiledHalves, backend=BACKEND)
    with TemporaryDirectory() as folder:
        for check in CHECKS[sys.argv[1]]:
            check(Path(folder))
            print(check.__name__)
