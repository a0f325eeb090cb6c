"""Networks in half precision: what is beyond its range stays in single precision."""

import copy

import torch
from torch import nn

from segadapt.functional.precision import halved


def test_features_of_a_large_variance_keep_their_normalisation():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))
    with torch.no_grad():
        network[0].weight.mul_(5000)
    images = torch.rand(4, 3, 16, 16)
    network(images)  # settles some of the statistics
    network.eval()
    assert network[1].running_var.max() > torch.finfo(torch.float16).max
    with torch.no_grad():
        expected = network(images)
        narrow = halved(copy.deepcopy(network))
        scores = narrow(images.half())
    assert scores.dtype == narrow[0].weight.dtype == torch.float16
    assert torch.equal(narrow[1].running_var, network[1].running_var)
    torch.testing.assert_close(scores.float(), expected, atol=0.01, rtol=0.01)
