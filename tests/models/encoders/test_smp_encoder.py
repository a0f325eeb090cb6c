import pytest
import torch
from torch import nn

from segadapt.models.encoders.smp import SmpEncoder


def test_mit_takes_any_size_without_padding():
    encoder = SmpEncoder("mit_b0", pretrained=False, multiple=1).eval()
    assert (encoder.channels, encoder.strides) == ((32, 64, 160, 256), (4, 8, 16, 32))
    with torch.no_grad():
        sizes = [level.shape[2:] for level in encoder(torch.randn(1, 3, 97, 131))]
    assert sizes == [(25, 33), (13, 17), (7, 9), (4, 5)]


def test_mit_pads_what_its_first_reduction_cannot_cover_and_nothing_else():
    encoder = SmpEncoder("mit_b0", pretrained=False, multiple=1).eval()
    strip, whole = torch.randn(1, 3, 20, 29), torch.zeros(1, 3, 29, 29)
    whole[:, :, :20] = strip
    with torch.no_grad():
        found, expected = encoder(strip), encoder.body(whole)[-4:]
        assert all(a.equal(b) for a, b in zip(encoder(whole), expected, strict=True))
    for level, full, stride in zip(found, expected, encoder.strides, strict=True):
        assert level.equal(full[:, :, : -(-20 // stride)])


def test_layer_norms_get_the_authors_epsilon():
    encoder = SmpEncoder("mit_b0", pretrained=False, layer_norm_eps=1e-6)
    norms = [m for m in encoder.modules() if isinstance(m, nn.LayerNorm)]
    assert len(norms) == 30  # 4 patches, 2 in each of 8 blocks, 6 reductions, 4 outputs
    assert {norm.eps for norm in norms} == {1e-6}


def test_convolutional_encoders_are_padded():
    encoder = SmpEncoder("resnet18", pretrained=False, levels=2).eval()
    with torch.no_grad():
        sizes = [level.shape[2:] for level in encoder(torch.randn(1, 3, 33, 70))]
    assert sizes == [(3, 5), (2, 3)]


def test_unknown_names_and_levels_are_refused():
    with pytest.raises(ValueError, match=r"Unknown encoder 'mit_b9' of smp\. Available: .*mit_b0"):
        SmpEncoder("mit_b9", pretrained=False)
    with pytest.raises(ValueError, match=r"mit_b0 has fewer than 5 levels"):
        SmpEncoder("mit_b0", pretrained=False, levels=5)


def test_weights_that_cannot_be_fetched_are_explained(monkeypatch):
    def offline(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr("segmentation_models_pytorch.encoders.hf_hub_download", offline)
    with pytest.raises(ValueError, match=r"mit_b0 cannot be fetched \(ConnectionError\); train"):
        SmpEncoder("mit_b0", pretrained=True)


def test_a_file_is_loaded_and_no_download_tried(tmp_path):
    source = SmpEncoder("mit_b0", pretrained=False).body.state_dict()
    torch.save({"state_dict": source, "head": torch.zeros(1)}, tmp_path / "mit.pth")
    body = SmpEncoder("mit_b0", pretrained=True, weights=str(tmp_path / "mit.pth")).body
    assert all(value.equal(source[name]) for name, value in body.state_dict().items())
    del source["norm4.bias"]
    torch.save(source, tmp_path / "part.pth")
    with pytest.raises(ValueError, match=r"1 of \d+ tensors are missing, such as norm4.bias"):
        SmpEncoder("mit_b0", weights=str(tmp_path / "part.pth"))
