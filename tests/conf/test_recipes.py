"""Learning rate and weight decay of every parameter, against the releases' rules in other words."""

import compositions
import pytest
from hydra.utils import instantiate
from torch import nn

from segadapt.experiment import build_task
from segadapt.models.encoders.parts.squeeze_axial import AxisAttention

STEPS = (0, 1, 749, 1500, 80_000)
TOTAL = 160_000


def composed(*overrides):
    return compositions.composed("data=synthetic", "data.num_classes=7", *overrides)


def measured(model, *overrides):
    """The network, and {step: {parameter: (learning rate, weight decay)}} as it would train."""
    cfg = composed(f"model={model}", f"data.steps={TOTAL}", *overrides)
    task = build_task(cfg)
    parts = task.configure_optimizers()
    optimizer, schedule = parts["optimizer"], parts["lr_scheduler"]["scheduler"]
    names = {parameter: name for name, parameter in task.model.named_parameters()}
    found = {}
    for step in STEPS:
        if step:
            schedule.last_epoch = step - 1
            optimizer.step()
            schedule.step()
        found[step] = {
            names[parameter]: (group["lr"], group["weight_decay"])
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
    return task.model, found


def sgd(step):  # schedule_160k.py of both releases
    return 0.0001 + 0.0099 * (1 - step / 160_000) ** 0.9


def adamw(base, step):  # linear decay under a linear warm-up of 1500 steps from a millionth
    line = base * (160_000 - step) / 160_000
    return line if step >= 1500 else line * (1e-6 + (1 - 1e-6) * step / 1500)


def owners(model):
    """(parameter's name, the module it belongs to, that module's name) of every parameter."""
    for place, module in model.named_modules():
        for leaf, _ in module.named_parameters(recurse=False):
            yield f"{place}.{leaf}", module, place


def swin(name, module, place):
    return isinstance(module, nn.LayerNorm) or "relative_position_bias_table" in name


def segformer(name, module, place):
    """All layer norms but the four behind the stages, which the release has in plain lists."""
    behind = [f"generator.encoder.body.norm{stage}" for stage in (1, 2, 3, 4)]
    return isinstance(module, nn.LayerNorm) and place not in behind


def segnext(name, module, place):
    """All norms of the encoder but the stem's two, which the release has in a plain sequence."""
    stem = place.startswith("generator.encoder.stages.0.embed")
    norm = isinstance(module, nn.BatchNorm2d | nn.LayerNorm) or place.endswith(".norm")
    return norm and place.startswith("generator.encoder") and not stem


def seaformer(name, module, place):
    return isinstance(module, AxisAttention)


@pytest.mark.parametrize(
    ("model", "base", "head", "exempt"),
    [
        ("upernet_swin", 6e-5, 1, swin),
        ("segformer_mit_b0", 6e-5, 10, segformer),
        ("segnext_tiny", 6e-5, 10, segnext),
        ("seaformer_base", 2.5e-4, 10, seaformer),
        ("afformer_base", 3e-4, 1, lambda *_: False),
    ],
)
def test_adamw_recipes_are_the_releases(model, base, head, exempt):
    network, found = measured(model, "classifier=ssa")
    for step in STEPS:
        expected = {}
        for name, module, place in owners(network):
            faster = 1 if name.startswith("generator.encoder") else head
            decay = 0 if exempt(name, module, place) else 0.01
            expected[name] = pytest.approx((adamw(base * faster, step), decay), rel=1e-9, abs=0)
        assert found[step] == expected
    print(model, *found[749].items(), sep="\n")


@pytest.mark.parametrize("model", ["deeplabv3plus_mobilenetv2", "ocrnet_hrnet18"])
def test_the_sgd_recipe_decays_everything_alike(model):
    network, found = measured(model, "classifier=cac")
    for step in STEPS:
        wanted = pytest.approx((sgd(step), 0.0005), rel=1e-12)
        assert found[step] == {name: wanted for name, _ in network.named_parameters()}


def test_rates_to_the_digit():
    _, found = measured("segnext_tiny", "classifier=fixed")
    rates = [found[step]["classifier.score.weight"][0] for step in STEPS]
    # 6e-4 (1 - t/160000), times 1e-6 + (1 - 1e-6) t/1500 before step 1500; worked out by hand
    assert rates == pytest.approx(
        [6e-10, 4.005971e-7, 2.9819794922e-4, 5.94375e-4, 3e-4], rel=1e-6, abs=0
    )


@pytest.mark.parametrize("model", ["segnext_tiny", "deeplabv3plus_mobilenetv2"])
def test_sane_exempts_norms_and_biases_and_changes_nothing_else(model):
    network, sane = measured(model, "recipe=sane")
    _, released = measured(model)
    for step in STEPS:
        for name, parameter in network.named_parameters():
            decay = 0 if parameter.ndim == 1 else released[step][name][1]
            assert sane[step][name] == (released[step][name][0], decay)


def test_paper_models_bring_their_recipe_and_others_do_not():
    tiny, swin = composed(), composed("model=upernet_swin_tiny")
    assert (tiny.optimizer.lr, tiny.schedule.warmup) == (4e-3, 50)
    assert (swin.optimizer.lr, swin.schedule.warmup) == (6e-5, 1500)
    assert composed("model=upernet_swin", "recipe=released") == composed("model=upernet_swin")


def test_scratch_and_the_command_line_win_over_the_models_recipe():
    scratch = composed("model=fcn_resnet101", "recipe=scratch")
    assert (scratch.optimizer, scratch.schedule) == (composed().optimizer, composed().schedule)
    own = composed("model=upernet_swin", "recipe=scratch", "optimizer=sgd", "schedule.warmup=3")
    assert own.optimizer == composed("optimizer=sgd").optimizer
    assert own.schedule.warmup == 3


def test_vit_adapters_recipe_builds():
    recipe = instantiate(composed("optimizer=adamw_vit_adapter").optimizer).keywords
    assert (recipe["lr"], recipe["weight_decay"], recipe["decay_vectors"]) == (2e-5, 0.05, False)
    assert (recipe["layer_decay"].rate, recipe["layer_decay"].depth) == (0.95, 24)
