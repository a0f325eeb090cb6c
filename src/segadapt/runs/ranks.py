"""The processes of a run: their number, and the rank of this one.

Nothing here imports torch unless GPUs have to be counted.
"""

import os
from collections.abc import Mapping

from omegaconf import DictConfig

ON_GPUS = ("auto", "gpu", "cuda")
"""Accelerators that stand for a GPU if one is available."""


def ranks_to_start(trainer: DictConfig, environment: Mapping[str, str] = os.environ) -> int:
    """Number of processes that this one has to start; 0 if it trains itself.

    Args:
        trainer: The node ``trainer`` of the config.
        environment: Environment variables, through which torchrun and SLURM announce existing
            processes.
    """
    if external(environment):
        return 0
    count = devices(trainer)
    return count if count > 1 else 0


def external(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a launcher (torchrun, srun, or this module) has started the processes of the run."""
    several = int(environment.get("SLURM_NTASKS", "1")) > 1 and "SLURM_PROCID" in environment
    return several or "LOCAL_RANK" in environment


def rank(environment: Mapping[str, str] = os.environ) -> int:
    """Rank of this process over all nodes."""
    names = ("RANK", "SLURM_PROCID", "LOCAL_RANK") if external(environment) else ()
    return next((int(environment[name]) for name in names if name in environment), 0)


def devices(trainer: DictConfig) -> int:
    """Number of processes of a run on this machine."""
    match trainer.devices:
        case "auto" | -1 | "-1":
            return max(_gpus(), 1) if trainer.accelerator in ON_GPUS else 1
        case int(count):
            return count
        case str(text):
            return int(text)
    return len(trainer.devices)


def check_devices(
    trainer: DictConfig, again: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Check that the run has its processes, or that the machine has a GPU or a core for each.

    Args:
        trainer: The node ``trainer`` of the config.
        again: Command that a launcher has to start for a run on several machines.
        environment: Environment variables.

    Raises:
        ValueError: If there are too few, or if a launcher has started another number.
    """
    if external(environment):
        _check_launched(trainer, environment)
        return
    count, nodes = devices(trainer), trainer.get("num_nodes", 1)
    if nodes > 1:
        raise ValueError(
            f"trainer.num_nodes={nodes}, but no launcher has started the processes of the run; "
            f"start them with: srun --nodes={nodes} --ntasks-per-node={count} {again}"
        )
    listed = not isinstance(trainer.devices, int | str)
    if count > 1 or listed:
        _check_machine(trainer, count, listed)


def _check_launched(trainer: DictConfig, environment: Mapping[str, str]) -> None:
    """Check that a launcher has started as many processes as the trainer expects.

    Otherwise each process would train alone, in the same folder.
    """
    name = next((name for name in ("WORLD_SIZE", "SLURM_NTASKS") if name in environment), None)
    if name is None:
        return
    processes, nodes = int(environment[name]), trainer.get("num_nodes", 1)
    expected = devices(trainer) * nodes
    if processes == expected:
        return
    each = int(environment.get("LOCAL_WORLD_SIZE", 0))
    machines = processes // each if each else int(environment.get("SLURM_NNODES", 1))
    several = f" trainer.num_nodes={machines}" if machines > 1 else ""
    raise ValueError(
        f"{name}={processes}, but trainer.devices={trainer.devices} and trainer.num_nodes={nodes} "
        f"make a run of {expected} process(es); start {expected}, or train with trainer=ddp "
        f"trainer.devices={processes // machines}{several}"
    )


def _check_machine(trainer: DictConfig, count: int, listed: bool) -> None:
    """Check that this machine has the requested GPUs, or a core for each process."""
    cards = _gpus() if trainer.accelerator in ON_GPUS else 0
    wanted = f"trainer.devices={trainer.devices}"
    if listed and max(trainer.devices) >= cards:
        raise ValueError(
            f"{wanted} lists cards by their numbers from 0, but torch finds {cards} GPU(s) for "
            f"trainer.accelerator={trainer.accelerator}; set trainer.devices=NUMBER_OF_PROCESSES"
        )
    if trainer.accelerator in ("gpu", "cuda") or cards:
        if count > cards:
            raise ValueError(f"{wanted}, but torch finds {cards} GPU(s); use at most this number")
        return
    if count > (cores := os.cpu_count() or 1):
        raise ValueError(
            f"{wanted}, but this machine has {cores} core(s), and each process needs one; use at "
            "most that many"
        )


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()
