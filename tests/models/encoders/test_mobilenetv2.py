import torch
from networks import generator


def test_only_the_first_block_of_a_stage_is_dilated():
    encoder = generator("fcn_mobilenetv2").encoder
    found = [[block.conv_dw.dilation[0] for block in stage] for stage in encoder.body.blocks[3:]]
    assert found == [[2, 1, 1, 1], [2, 1, 1], [4, 1, 1], [4]]
    strides = [block.conv_dw.stride[0] for stage in encoder.body.blocks[1:] for block in stage[:1]]
    assert strides == [2, 2, 1, 1, 1, 1]


def test_maps_keep_stride_8():
    encoder = generator("fcn_mobilenetv2").encoder.eval()
    assert (encoder.channels, encoder.strides) == ((24, 32, 96, 320), (4, 8, 8, 8))
    with torch.no_grad():
        sizes = [level.shape[2:] for level in encoder(torch.randn(1, 3, 49, 67))]
    assert sizes == [(13, 17), (7, 9), (7, 9), (7, 9)]
