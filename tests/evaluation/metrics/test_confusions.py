import numpy as np
import pytest
import torch

from segadapt.evaluation.metrics.costly_confusions import costly_pairs, pair_costs


def miou(matrix):
    union = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    return np.mean([matrix[k, k] / union[k] for k in range(len(matrix)) if union[k]])


def confusion(num_classes=6, seed=0):
    """Class 4 is nowhere; class 5 is only predicted, and only for class 0."""
    generator = np.random.default_rng(seed)
    matrix = generator.integers(0, 50, (num_classes, num_classes))
    matrix[4], matrix[:, 4], matrix[5], matrix[1:, 5] = 0, 0, 0, 0
    return matrix


@pytest.mark.parametrize("seed", range(3))
def test_a_cost_is_the_gain_of_mending_that_cell_alone(seed):
    matrix = confusion(seed=seed)
    found = pair_costs(torch.from_numpy(matrix))
    for i in range(6):
        for j in range(6):
            mended = matrix.copy()
            if i != j:
                mended[i, i] += mended[i, j]
                mended[i, j] = 0
            assert found[i, j].item() == pytest.approx(miou(mended) - miou(matrix), abs=1e-12)


def test_the_most_expensive_come_first():
    matrix = torch.from_numpy(confusion())
    found = costly_pairs(matrix, 5)
    assert len(found) == 5
    assert [pair.cost for pair in found] == sorted((pair.cost for pair in found), reverse=True)
    off = pair_costs(matrix).flatten().topk(5).values
    assert [pair.cost for pair in found] == pytest.approx(off.tolist())
    for pair in found:
        assert pair.pixels == matrix[pair.label, pair.prediction]
        assert pair.share == pytest.approx(pair.pixels / matrix[pair.label].sum().item())


def test_without_confusions_there_are_no_pairs():
    assert costly_pairs(torch.eye(3, dtype=torch.int64), 5) == []
    assert costly_pairs(torch.zeros(3, 3, dtype=torch.int64), 5) == []
