import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from segadapt.functional.sinkhorn import partition, sinkhorn
from segadapt.structures import IGNORE

CLASSES, PROTOTYPES = 4, 3


def case(seed=0, pixels=200):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.rand(pixels, PROTOTYPES, generator=generator) - 1
    label = torch.randint(CLASSES - 1, (pixels,), generator=generator)  # the last has no pixel
    label[::7] = IGNORE
    return scores, label


def by_loops(scores, label, epsilon, iterations):
    """The published iteration for one class after the other, in double precision."""
    scores, label = scores.double().numpy(), label.numpy()
    plan = np.zeros_like(scores)
    for k in range(CLASSES):
        members = np.flatnonzero(label == k)
        if not len(members):
            continue
        q = np.exp(scores[members] / epsilon).T  # prototypes x pixels
        q /= q.sum()
        for _ in range(iterations):
            q /= q.sum(1, keepdims=True) * len(q)
            q /= q.sum(0, keepdims=True) * q.shape[1]
        plan[members] = (q * q.shape[1]).T
    return torch.from_numpy(plan)


@pytest.mark.parametrize("iterations", [1, 3, 20])
@pytest.mark.parametrize("epsilon", [0.05, 0.5])
def test_equals_the_iteration_of_each_class(epsilon, iterations):
    scores, label = case()
    ours = sinkhorn(scores, label, CLASSES, epsilon=epsilon, iterations=iterations)
    theirs = by_loops(scores, label, epsilon, iterations)
    torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=1e-5)


def test_marginals():
    scores, label = case()
    plan = sinkhorn(scores.double(), label, CLASSES, iterations=300)
    torch.testing.assert_close(plan.sum(1), (label != IGNORE).double())
    for k in range(CLASSES):
        own = plan[label == k]
        expected = torch.full((PROTOTYPES,), len(own) / PROTOTYPES, dtype=torch.double)
        torch.testing.assert_close(own.sum(0), expected, rtol=2e-3, atol=1e-6)


def test_a_constant_of_a_class_changes_nothing():
    scores, label = case()
    shift = torch.tensor([5.0, -7.0, 30.0, 0.0])[label.clamp_max(CLASSES - 1)]
    moved = sinkhorn(scores + shift[:, None], label, CLASSES)
    torch.testing.assert_close(moved, sinkhorn(scores, label, CLASSES), rtol=1e-3, atol=1e-4)


def test_scores_far_apart_give_numbers():
    scores, label = case()
    plan = sinkhorn(1000 * scores, label, CLASSES)
    assert plan.isfinite().all()


def test_pixels_belong_to_their_greatest_share():
    scores, label = case()
    found = partition(scores, label, CLASSES)
    expected = by_loops(scores, label, 0.05, 3).argmax(1) + PROTOTYPES * label
    assert torch.equal(found, expected.where(label != IGNORE, -1))


def test_a_class_of_few_pixels_takes_the_nearest():
    scores = torch.tensor([[0.1, 0.9, 0.2], [0.1, 0.2, 0.9]])
    found = partition(scores, torch.tensor([1, 3]), CLASSES)
    assert found.tolist() == [PROTOTYPES + 1, 3 * PROTOTYPES + 2]


def test_ignored_pixels_do_not_matter():
    scores, label = case()
    kept = label != IGNORE
    assert torch.equal(
        partition(scores, label, CLASSES)[kept], partition(scores[kept], label[kept], CLASSES)
    )


def test_nothing_labelled():
    scores, label = case()
    assert (partition(scores, torch.full_like(label, IGNORE), CLASSES) == -1).all()


def test_more_than_255_prototypes_do_not_meet_the_ignored_label():
    label = torch.full((40,), 51)
    found = partition(torch.rand(40, 5), label, 60)
    assert found.min() >= 255
    assert found.max() < 260


def rank(number, folder):
    torch.set_num_threads(1)  # a forked process must not use its parent's threads
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=number, world_size=2)
    scores, label = case()
    part = slice(0, 70) if number == 0 else slice(70, None)  # of unequal size
    expected = sinkhorn(scores, label, CLASSES)[part]
    found = sinkhorn(scores[part], label[part], CLASSES, over_ranks=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    alone = sinkhorn(scores[part], label[part], CLASSES)
    assert (alone - expected).abs().max() > 0.01
    ours = partition(scores[part], label[part], CLASSES, over_ranks=True)
    assert torch.equal(ours, partition(scores, label, CLASSES)[part])
    dist.destroy_process_group()


def test_the_pixels_of_two_ranks_are_shared_out_together(tmp_path):
    mp.start_processes(rank, (str(tmp_path),), 2, start_method="fork")
