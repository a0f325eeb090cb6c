"""Gradients of another way to compute a step, judged by double precision where they differ."""

import copy

import pytest
import torch
from steps import own, scaled, small_batch, small_task
from torch import nn

from segadapt.models.interfaces import FeatureGenerator
from segadapt.structures import Batch
from segadapt.training import gradient_check
from segadapt.training.gradient_check import FEW, SingleDraws, compared, exact_gradients, gradients


@pytest.fixture
def task():
    return small_task()


@pytest.fixture
def batch():
    return small_batch()


class Rounding(FeatureGenerator):
    """The same features, rounded to so many steps per unit where they are in single precision."""

    def __init__(self, generator, steps):
        super().__init__()
        self.generator, self.channels = generator, generator.channels
        self.large = 2.0**23 / steps

    def forward(self, image, auxiliary=False):
        features = self.generator(image, auxiliary)
        return features._replace(pixels=features.pixels + self.large - self.large)


@pytest.fixture
def rounded(task):
    """A task whose eager features are rounded, and its forward pass without that."""
    exact = copy.deepcopy(task.model)
    task.model.generator = Rounding(task.model.generator, 8)
    exact.generator, exact.classifier = task.model.generator.generator, task.model.classifier
    return task, exact


def test_equal_gradients_have_no_distance_although_units_are_dropped(task, batch):
    verdict = compared(task.model, own(task), task.objective, batch)
    assert verdict.names == [name for name, _ in task.model.named_parameters()]
    assert verdict.errors.max() == 0
    assert not verdict.exact
    assert not verdict.wrong


def test_the_check_changes_neither_gradients_nor_buffers_nor_random_numbers(task, batch):
    before = {name: value.clone() for name, value in task.model.state_dict().items()}
    numbers = torch.get_rng_state()
    assert compared(task.model, scaled(own(task), 2), task.objective, batch).exact
    assert torch.equal(torch.get_rng_state(), numbers)
    for name, value in task.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None for parameter in task.model.parameters())
    assert all(value.dtype == torch.float32 for value in task.model.parameters())


def test_wrong_gradients_are_far(task, batch):
    verdict = compared(task.model, scaled(own(task), 2), task.objective, batch)
    wrong = {verdict.names[number] for number in verdict.wrong}
    assert {"classifier.student.mix.weight", "generator.encoder.stem.0.0.weight"} <= wrong
    assert not any(name.startswith("classifier.teacher.") for name in wrong)
    assert verdict.own.max() < 1e-4


def repeated(batch, times):
    """More images, each several times."""
    image, mask = batch.image.repeat(times, 1, 1, 1), batch.mask.repeat(times, 1, 1)
    return Batch(image, mask, list(batch.name) * times)


@pytest.mark.parametrize("broken", [1, FEW + 1])
def test_double_precision_sees_few_images_and_the_whole_batch_is_judged(task, batch, broken):
    """A way that is wrong for any number of images, and one that is right for few of them."""
    batch = repeated(batch, FEW)
    counts, way = [], own(task)
    task.objective.register_forward_hook(
        lambda _, given, __: counts.append((given[1].shape[0], given[0].student.logits.dtype))
    )

    def forward(image, mask):
        return scaled(way, 2 if len(image) >= broken else 1)(image, mask)

    verdict = compared(task.model, forward, task.objective, batch)
    assert verdict.exact
    assert "classifier.student.mix.weight" in {verdict.names[number] for number in verdict.wrong}
    whole, few = (len(batch.image), torch.float32), (FEW, torch.float32)
    assert counts == [whole, whole, few, few, (FEW, torch.float64)]


def test_the_step_in_double_precision_drops_the_same_units(task, batch):
    exact = exact_gradients(task.model, task.objective, batch)
    single = gradients(task.model, task.model, task.objective, batch)
    for one, other in zip(single, exact, strict=True):
        assert other.dtype == torch.float64
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=1e-5)


def test_another_way_that_rounds_less_than_the_network_is_right(rounded, batch):
    task, exact = rounded
    verdict = compared(task.model, exact, task.objective, batch)
    assert verdict.exact  # they differ by more than the tolerance
    assert verdict.own.max() > gradient_check.TOLERANCE
    assert verdict.errors.max() < 1e-3
    assert not verdict.wrong


@pytest.mark.parametrize("factor", [0, -1, 2])
def test_wrong_gradients_are_wrong_in_a_network_that_rounds_much(rounded, batch, factor):
    task, exact = rounded
    for forward in (exact, own(task)):
        verdict = compared(task.model, scaled(forward, factor), task.objective, batch)
        assert "generator.generator.encoder.stem.0.0.weight" in {
            verdict.names[number] for number in verdict.wrong
        }


def test_a_bias_before_batch_norm_may_be_rounding_only(batch):
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))
    layers.requires_grad_()
    steps = []
    for dtype in (torch.float32, torch.float64):
        weights = list(layers.to(dtype).parameters())
        steps.append(torch.autograd.grad(layers(batch.image.to(dtype)).square().mean(), weights))
    assert steps[0][1].norm() > 2 * steps[1][1].norm()  # the bias: alone, it would be far off
    assert gradient_check.distances(*steps).max() < 1e-4


def test_the_check_is_in_single_precision_under_autocast(task, batch):
    types = []

    def forward(image, mask):
        prediction = task.model(image, mask)
        types.append(prediction.student.logits.dtype)
        return prediction

    with torch.autocast("cpu", torch.bfloat16):
        compared(task.model, forward, task.objective, batch, part=1)
    assert types == [torch.float32]


def test_gradients_that_are_not_finite_are_for_another_check(task, batch):
    with torch.no_grad():
        task.model.classifier.coarse.weight[0, 0] = torch.inf
    assert not compared(task.model, own(task), task.objective, batch).wrong


DRAWN = {
    "bernoulli_": lambda x: x.clone().bernoulli_(0.3),
    "bernoulli": lambda x: torch.bernoulli(0.3 * x),
    "uniform_": lambda x: x.clone().uniform_(),
    "normal_": lambda x: x.clone().normal_(),
    "exponential_": lambda x: x.clone().exponential_(),
    "rand": lambda x: torch.rand(5, 4, dtype=x.dtype),
    "rand_like": torch.rand_like,
    "randn": lambda x: torch.randn(5, 4, dtype=x.dtype),
    "randn_like": torch.randn_like,
    "dropout": lambda x: nn.functional.dropout(x, 0.3),
    "native_dropout": lambda x: torch.native_dropout(x, 0.3, True)[0],
    "native_dropout of all": lambda x: torch.native_dropout(x, 1.0, True)[0],
    "native_dropout of none": lambda x: torch.native_dropout(x, 0.3, False)[0],
    "dropout2d": lambda x: nn.functional.dropout2d(x[None, None], 0.3),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_double_precision_draws_the_numbers_of_single_precision(draw):
    torch.manual_seed(0)
    single = [draw(torch.ones(50, 4)) for _ in range(2)]
    torch.manual_seed(0)
    with SingleDraws():
        double = [draw(torch.ones(50, 4, dtype=torch.float64)) for _ in range(2)]
    for one, other in zip(single, double, strict=True):
        assert other.dtype == torch.float64
        torch.testing.assert_close(one.double(), other, rtol=1e-6, atol=0)


def test_numbers_of_single_precision_are_drawn_as_they_are():
    torch.manual_seed(0)
    wanted = torch.rand(5)
    torch.manual_seed(0)
    with SingleDraws():
        assert torch.equal(torch.rand(5), wanted)
