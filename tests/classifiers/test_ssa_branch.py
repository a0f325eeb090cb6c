"""One reading of SSA by its equations, prototype by prototype."""

import pytest
import torch

from segadapt.classifiers.parts.ssa_branch import SSABranch


def projected(module, contexts):
    """Eqs. 5 and 7: one linear layer with a bias, on each prototype and its centre."""
    weight, bias = next(m for m in module.modules() if isinstance(m, torch.nn.Linear)).parameters()
    rows = [[weight @ context + bias for context in image] for image in contexts]
    return torch.stack([torch.stack(row) for row in rows])


@pytest.mark.parametrize(("semantic", "spatial"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("mix", [False, True])
def test_scores_with_the_sum_of_what_is_adapted(semantic, spatial, mix):
    fixed, contexts = torch.randn(2, 3, 4), torch.randn(2, 2, 3, 8)
    branch = SSABranch(4, layers=1, semantic=semantic, spatial=spatial, mix=mix)
    found = branch(
        lambda total: total[..., None] + 0.0,
        fixed,
        contexts[0] if semantic else None,
        contexts[1] if spatial else None,
    )
    adapted = projected(branch.semantic, contexts[0]) if semantic else fixed
    total = adapted + (projected(branch.spatial, contexts[1]) if spatial else 0)
    if mix:
        rows = [[branch.mix.weight @ row for row in image] for image in total]
        total = torch.stack([torch.stack(row) for row in rows])
    torch.testing.assert_close(found.logits, total[..., None])
    assert (found.semantic is None, found.spatial is None) == (not semantic, not spatial)
