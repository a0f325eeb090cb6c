"""Memory of a step, counted in bytes of tensors on CPU and GPU alike."""

from collections.abc import Iterable
from itertools import accumulate

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from segadapt.analysis.cost.timing import Action


def peak_bytes(action: Action, held: Iterable[Tensor], device: torch.device) -> int:
    """Largest number of bytes in use at one moment: those held before and those that the call adds.

    Memory of other networks in the process does not count.

    Args:
        action: The step, which is called once.
        held: Tensors that exist before and stay: parameters, the optimiser's state, the batch.
        device: Where the work is done.
    """
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage() for tensor in held}
    before = sum(storage.nbytes() for storage in storages.values())
    return before + (_added_cuda(action) if device.type == "cuda" else _added_cpu(action))


def _added_cuda(action: Action) -> int:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    action()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _added_cpu(action: Action) -> int:
    """Bytes that a step adds at its peak, from a record of every allocation.

    The peak of the process is not usable, because it never falls and includes what the allocator
    does not give back.
    """
    kinds = [ProfilerActivity.CPU]
    with profile(activities=kinds, profile_memory=True, acc_events=True) as recorded:
        action()
    events = recorded.profiler.kineto_results.events()
    sizes = [event.nbytes() for event in events if event.name() == "[memory]"]
    return max(accumulate(sizes, initial=0))
