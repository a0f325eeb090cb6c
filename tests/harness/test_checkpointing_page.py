"""What networks keep for the backward pass, counted without computing it."""

import pytest
import torch
from benchmarks.checkpointing import kept_bytes
from compositions import composed

from segadapt.experiment import build_task

NAME, IMAGES, SIDE = "segformer_mit_b0", 1, 64


def kept_by_a_step():
    """The same, of tensors with values."""
    words = ("data=synthetic", f"model={NAME}", "classifier=fixed", "data.pretrained=false")
    model = build_task(composed(*words)).model.train()
    own = {x.untyped_storage().data_ptr() for x in model.state_dict().values()}
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    image = torch.randn(IMAGES, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        prediction = model(image, torch.zeros(IMAGES, SIDE, SIDE, dtype=torch.long))
    assert prediction.student.logits.grad_fn is not None
    return sum(storage.nbytes() for pointer, storage in kept.items() if pointer not in own)


@pytest.mark.slow
def test_as_much_is_counted_as_is_kept_and_checkpointing_keeps_less():
    plain, twice = (kept_bytes(NAME, on, IMAGES, SIDE) for on in (False, True))
    assert abs(plain / kept_by_a_step() - 1) < 0.02
    assert twice < 0.6 * plain
