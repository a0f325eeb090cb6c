import torch

from segadapt.models.decoders.linear import LinearDecoder


def test_only_the_last_map_is_read_and_brought_to_unit_variance():
    decoder = LinearDecoder([4, 6])
    pyramid = [torch.full((2, 4, 8, 8), torch.nan), 5 + 3 * torch.randn(2, 6, 4, 4)]
    pixels = decoder(pyramid).pixels
    torch.testing.assert_close(pixels.mean((0, 2, 3)), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        pixels.var((0, 2, 3), correction=0), torch.ones(6), atol=1e-4, rtol=0
    )
    assert decoder.channels == 6
