"""Our networks give the logits of mmsegmentation's, whose weights they were given."""

import importlib.util

import pytest
import torch

if importlib.util.find_spec("mmseg") is None:
    pytest.skip(
        "the port of mmsegmentation is not installed (onedl-mmsegmentation, mmcv-lite, mmengine)",
        allow_module_level=True,
    )

from benchmarks.port import CONFIGS, our_network, port_network

pytestmark = pytest.mark.filterwarnings("default")  # the port's own warnings are not our business


@pytest.mark.parametrize("model", CONFIGS)
def test_logits_equal_the_ports(model):
    torch.manual_seed(0)
    theirs = port_network(model).eval()
    ours = our_network(model, theirs).eval()
    for size in ((128, 160), (101, 133)):
        image = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            torch.manual_seed(3)  # SegNeXt draws its bases in every forward pass
            expected = theirs(image, mode="tensor")
            torch.manual_seed(3)
            found = ours(image).student.logits
        difference = ((found - expected).norm() / expected.norm()).item()
        print(f"{model} {size}: {difference:.1e}")
        assert difference < 1e-4
