"""Batch norm of untrained networks."""

import torch
from benchmarks.harness.settled import settle_batch_norm
from torch import nn


def test_batch_norm_takes_the_statistics_of_the_batch():
    network = nn.Sequential(nn.BatchNorm2d(3))
    images = 5 + 2 * torch.randn(4, 3, 8, 8)
    settle_batch_norm(network, images)
    assert not network.training
    torch.testing.assert_close(network[0].running_mean, images.mean((0, 2, 3)))
    torch.testing.assert_close(network[0].running_var, images.transpose(0, 1).flatten(1).var(1))
