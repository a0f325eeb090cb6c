import numpy as np
import pytest
import torch
from deployed import scene
from toy import CLASSES, Pooled

from segadapt.classifiers.fixed import FixedClassifier
from segadapt.data.transforms.normalization import normalised
from segadapt.deployment.prediction.pixel_input import PixelInput, with_pixel_input
from segadapt.segmentor import Segmentor


def test_pixels_are_normalised_as_data_loading_does_bit_for_bit():
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    found = PixelInput(Pooled()).normalised(torch.from_numpy(image).permute(2, 0, 1)[None])
    assert found[0].equal(torch.from_numpy(normalised(image)))


def test_in_half_precision_only_the_result_is_rounded():
    image = torch.from_numpy(scene(8, 8)).permute(2, 0, 1)[None]
    layer = PixelInput(Pooled(), torch.bfloat16).to(torch.bfloat16)
    assert layer.table.dtype is torch.float32
    assert layer.normalised(image).equal(PixelInput(Pooled()).normalised(image))
    assert layer(image).pixels.dtype is torch.bfloat16


@pytest.mark.parametrize("normalise", [False, True])
def test_a_network_says_the_same_of_pixels_and_of_normalised_images(normalise):
    network = Segmentor(Pooled(), FixedClassifier, CLASSES).eval()
    pixels = torch.from_numpy(scene(16, 24)).permute(2, 0, 1)[None]
    image = torch.from_numpy(normalised(scene(16, 24)))[None]
    raw = with_pixel_input(network)
    assert raw(image if normalise else pixels).student.logits.equal(network(image).student.logits)
    assert raw.classifier is network.classifier
