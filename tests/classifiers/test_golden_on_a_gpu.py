"""What the released heads computed, on a GPU and under bfloat16 autocast."""

import golden
import gpu_commands as gpu
import pytest
import torch
from golden import VALUES
from presets import preset

pytestmark = pytest.mark.gpu

LOGITS = [
    ("cac", "student", "pp"),
    ("cac", "teacher", "py"),
    ("ssa", "student", "O"),
    ("ssa", "teacher", "Ohat"),
]


def logits(name, branch):
    classifier = getattr(golden, name)(**{**preset(name), "dropout": 0.0}).to(gpu.DEVICE)
    prediction = classifier(golden.features().to(gpu.DEVICE), golden.target().to(gpu.DEVICE))
    return getattr(prediction, branch).logits.float().cpu()


@pytest.mark.parametrize(("name", "branch", "key"), LOGITS)
def test_logits_are_those_of_the_release(name, branch, key):
    values = logits(name, branch)
    for image, row, column in ((0, 5, 7), (1, 12, 20)):
        expected = torch.tensor(VALUES[name][f"{key}_[{image},:,{row},{column}]"])
        torch.testing.assert_close(values[image, :, row, column], expected, rtol=0, atol=1e-4)
    assert values.double().abs().sum().item() == pytest.approx(VALUES[name][f"{key}_abs"], rel=1e-5)


@pytest.mark.parametrize(("name", "branch", "key"), LOGITS)
def test_bfloat16_is_near(name, branch, key):
    with torch.autocast(gpu.DEVICE.type, torch.bfloat16):
        values = logits(name, branch)
    total = values.double().abs().sum().item()
    assert total == pytest.approx(VALUES[name][f"{key}_abs"], rel=0.02)
