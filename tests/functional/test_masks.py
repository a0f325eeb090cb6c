import pytest
import torch

from segadapt.functional.masks import one_hot
from segadapt.structures import IGNORE, ignored_label


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("label_type", [torch.int64, torch.uint8])
def test_one_hot_marks_each_pixel_in_its_class_and_ignored_ones_nowhere(dtype, label_type):
    mask = torch.tensor([[[0, 2, IGNORE], [1, 1, 2]]]).to(label_type)
    planes = one_hot(mask, 3, dtype)
    assert planes.dtype == dtype
    for i in range(2):
        for j in range(3):
            expected = [float(mask[0, i, j] == k) for k in range(3)]
            assert planes[0, :, i, j].tolist() == expected


def test_ignored_pixels_belong_to_no_class_even_among_more_than_255():
    assert one_hot(torch.full((1, 2, 2), ignored_label(300)), 300).sum() == 0


def test_one_hot_is_channels_last():
    planes = one_hot(torch.zeros(2, 3, 4, dtype=torch.long), 5)
    assert planes.is_contiguous(memory_format=torch.channels_last)
