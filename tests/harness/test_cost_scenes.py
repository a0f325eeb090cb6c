import torch
from benchmarks.harness.scenes import labelled_batch

from segadapt.structures import IGNORE


def test_labels_are_of_a_few_classes_in_patches():
    batch = labelled_batch(3, 64, 96, num_classes=150, present=20)
    assert batch.image.shape == (3, 3, 64, 96)
    assert batch.mask.shape == (3, 64, 96)
    there = set(batch.mask.flatten().tolist())
    assert IGNORE in there
    assert len(there - {IGNORE}) == 20
    assert max(there - {IGNORE}) < 150
    patch = batch.mask[:, :8, :12]
    assert torch.equal(patch, patch[:, :1, :1].expand_as(patch))


def test_the_same_seed_gives_the_same_batch():
    one, same, other = (labelled_batch(1, 16, 16, 5, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.image, same.image)
    assert torch.equal(one.mask, same.mask)
    assert not torch.equal(one.image, other.image)


def test_fewer_classes_than_asked_for():
    assert labelled_batch(2, 64, 64, num_classes=1).mask.unique().tolist() == [0, IGNORE]
