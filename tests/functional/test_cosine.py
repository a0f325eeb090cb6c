import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from segadapt.functional.cosine import EPSILON, cosine_scores, inverse_norm


def _inputs(dtype=torch.float64):
    rows = torch.randn(2, 5, 4, dtype=dtype, requires_grad=True)
    prototypes = torch.randn(2, 3, 4, dtype=dtype, requires_grad=True)
    return rows, prototypes


def test_scores_are_tau_times_torchs_cosine_similarity():
    rows, prototypes = _inputs()
    expected = 7 * F.cosine_similarity(rows[:, :, None], prototypes[:, None], dim=3)
    torch.testing.assert_close(cosine_scores(rows, 7.0)(prototypes), expected)


def test_the_written_gradient_is_the_numerical_one():
    rows, prototypes = _inputs()
    assert torch.autograd.gradcheck(lambda r, p: cosine_scores(r, 3.0)(p), (rows, prototypes))


def test_two_calls_add_their_gradients():
    rows, prototypes = _inputs()
    weights = torch.randn(2, 2, 5, 3, dtype=torch.float64)
    score = cosine_scores(rows, 3.0)
    loss = (weights[0] * score(prototypes)).sum() + (weights[1] * score(prototypes.exp())).sum()
    ours = torch.autograd.grad(loss, (rows, prototypes))

    def plain(p):
        return 3 * F.cosine_similarity(rows[:, :, None], p[:, None], dim=3)

    loss = (weights[0] * plain(prototypes)).sum() + (weights[1] * plain(prototypes.exp())).sum()
    torch.testing.assert_close(ours, torch.autograd.grad(loss, (rows, prototypes)))


def test_only_the_wanted_gradient_is_made():
    rows, prototypes = _inputs()
    cosine_scores(rows.detach(), 3.0)(prototypes).sum().backward()
    cosine_scores(rows, 3.0)(prototypes.detach()).sum().backward()
    assert rows.grad is not None
    assert prototypes.grad is not None


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-12])
def test_features_and_prototypes_that_vanish_give_finite_scores_and_gradients(size):
    rows, prototypes = (x.detach() for x in _inputs(torch.float32))
    rows[0, 1] *= size
    prototypes[1, 2] *= size
    rows.requires_grad_()
    prototypes.requires_grad_()
    scores = cosine_scores(rows, 15.0)(prototypes)
    scores.square().sum().backward()
    assert scores.abs().max() <= 15.001
    assert rows.grad.isfinite().all()
    assert prototypes.grad.isfinite().all()
    if size == 0:
        assert scores[0, 1].abs().max() == rows.grad[0, 1].abs().max() == 0


def test_nothing_of_the_size_of_the_features_is_kept_but_the_features():
    rows, prototypes = torch.randn(1, 64, 32, requires_grad=True), torch.randn(1, 3, 32)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: (kept.append(x), x)[1], lambda x: x):
        score = cosine_scores(rows, 15.0)
        score(prototypes), score(prototypes)
    large = {x.data_ptr() for x in kept if x.numel() >= rows.numel()}
    assert large == {rows.data_ptr()}


def test_there_is_no_second_derivative():
    rows, prototypes = _inputs()
    loss = cosine_scores(rows, 3.0)(prototypes).square().sum()
    for wanted in (rows, prototypes):
        with pytest.raises(RuntimeError, match="the cosine scores have no second derivative"):
            torch.autograd.grad(loss, wanted, create_graph=True)


def test_half_precision_norms_are_single():
    assert inverse_norm(torch.ones(1, 2, 8, dtype=torch.bfloat16)).dtype == torch.float32


class Results(TorchDispatchMode):
    """Records the number of values of each result."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.sizes.append(result.numel())
        return result


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_norms_are_those_of_single_precision_without_a_copy_of_the_features(dtype):
    rows = torch.randn(2, 7, 33).to(dtype)
    with Results() as results:
        inverse = inverse_norm(rows)
    assert max(results.sizes) < rows.numel()
    assert torch.equal(inverse, 1 / (rows.float().norm(dim=-1, keepdim=True) + EPSILON))


@pytest.mark.parametrize("norm", [1.0, 0.01, 0.001])
def test_gradients_of_short_features_fit_into_half_precision(norm):
    generator = torch.Generator().manual_seed(0)
    exact = torch.randn(1, 6, 64, dtype=torch.float64, generator=generator).relu()
    exact = (exact * norm / exact.norm(dim=2, keepdim=True)).half().double().requires_grad_()
    half = exact.detach().half().requires_grad_()
    prototypes = torch.randn(1, 19, 64, dtype=torch.float64, generator=generator)
    upstream = torch.randn(1, 6, 19, dtype=torch.float64, generator=generator)
    expected = 15 * F.cosine_similarity(exact[:, :, None], prototypes[:, None], dim=3)
    (wanted,) = torch.autograd.grad(expected, exact, upstream)
    (ours,) = torch.autograd.grad(
        cosine_scores(half, 15.0)(prototypes.half()), half, upstream.float()
    )
    assert wanted.abs().max() < torch.finfo(torch.float16).max
    torch.testing.assert_close(
        ours.double(), wanted, rtol=0.02, atol=0.005 * float(wanted.abs().max())
    )
