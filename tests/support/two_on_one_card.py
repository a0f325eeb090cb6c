"""Ranks that share one device by gloo, because NCCL refuses two of them on one card."""

import tempfile
from pathlib import Path

import gpu_commands as gpu
import torch
from torch import distributed
from torch.multiprocessing import spawn
from torch.nn.parallel import DistributedDataParallel

from segadapt.runs.launch import free_port

IMAGES, CLASSES, STEPS = 8, 5, 3


def together(ranks: int) -> list[dict[str, torch.Tensor]]:
    """Weights of each rank after some steps on equal shares of the same batch."""
    with tempfile.TemporaryDirectory() as folder:
        spawn(rank_main, (ranks, free_port(), folder), nprocs=ranks)
        files = [Path(folder) / f"{rank}.pt" for rank in range(ranks)]
        return [torch.load(file, weights_only=True) for file in files]


def rank_main(rank: int, ranks: int, port: int, folder: str) -> None:
    """Run one rank in a process of its own."""
    from compositions import composed

    from segadapt.experiment import build_task

    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=ranks)
    torch.manual_seed(0)
    words = ["data=synthetic", f"data.num_classes={CLASSES}", "model=tiny_group"]
    task = build_task(composed(*words, "classifier=ssa", "classifier.dropout=0.0"))
    task = task.to(gpu.DEVICE)
    network = DistributedDataParallel(task.model)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    draw = torch.Generator().manual_seed(1)
    images = torch.randn(IMAGES, 3, 64, 64, generator=draw).chunk(ranks)[rank].to(gpu.DEVICE)
    masks = torch.randint(CLASSES, (IMAGES, 64, 64), generator=draw).chunk(ranks)[rank]
    masks = masks.to(gpu.DEVICE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        task.objective(network(images, masks), masks).total.backward()
        optimizer.step()
    weights = {name: value.cpu() for name, value in task.model.state_dict().items()}
    torch.save(weights, Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()
