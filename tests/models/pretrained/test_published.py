import argparse
import logging

import pytest
import torch
from torch import nn

from segadapt.models.pretrained.authors_file import load_published
from segadapt.models.pretrained.weight_files import read_tensors

RENAMES = ((r"^old\.", "0."), (r"\.old_weight$", ".weight"))


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


@pytest.fixture
def state(network) -> dict[str, torch.Tensor]:
    own = {name: torch.full_like(value, 2) for name, value in network.state_dict().items()}
    return {
        name.replace("0.", "old.").replace("old.weight", "old.old_weight"): value
        for name, value in own.items()
    }


def load(network, content, folder, pretrained=True):
    torch.save(content, folder / "file.pth")
    load_published(network, pretrained, str(folder / "file.pth"), RENAMES)


@pytest.mark.parametrize("container", ["state_dict", "model", "teacher", None])
@pytest.mark.parametrize("prefix", ["", "backbone.", "module.backbone."])
def test_wrappers_are_taken_off(network, state, tmp_path, container, prefix):
    content = {prefix + name: value for name, value in state.items()}
    load(network, {container: content, "epoch": 3} if container else content, tmp_path)
    assert all((value == 2).all() for value in network.state_dict().values())


@pytest.mark.parametrize(
    "prefix",
    [
        "_orig_mod.",
        "module._orig_mod.",
        "_orig_mod.module.backbone.",
        "model._orig_mod.backbone.",
        "module.model.backbone._orig_mod.",
        "_fsdp_wrapped_module._checkpoint_wrapped_module.",
    ],
)
def test_marks_of_compiled_and_wrapped_networks_are_taken_off(network, state, tmp_path, prefix):
    load(network, {prefix + name: value for name, value in state.items()}, tmp_path)
    assert all((value == 2).all() for value in network.state_dict().values())


def test_marks_of_compiled_parts_are_taken_off(network, state, tmp_path):
    inside = {name.replace("old.", "old._orig_mod."): value for name, value in state.items()}
    assert inside.keys() != state.keys()
    load(network, inside, tmp_path)
    assert (network[0].weight == 2).all()


def test_two_networks_in_one_file_are_an_error(network, state, tmp_path):
    other = {f"model._orig_mod.{name}": value + 1 for name, value in state.items()}
    with pytest.raises(
        ValueError, match=r"two different tensors for .*one of them as model\._orig"
    ):
        load(network, state | other, tmp_path)
    load(network, state | {name: value - 1 for name, value in other.items()}, tmp_path)


@pytest.mark.parametrize("pretrained", [True, False])
def test_a_given_file_is_loaded_even_from_scratch(network, state, tmp_path, pretrained):
    load(network, state, tmp_path, pretrained)
    assert (network[0].weight == 2).all()


def test_command_line_of_a_training_script_does_not_hinder(network, state, tmp_path):
    load(network, {"state_dict": state, "args": argparse.Namespace(lr=1.0)}, tmp_path)
    assert (network[0].bias == 2).all()


def test_unused_tensors_are_named_as_the_authors_named_them(network, state, tmp_path, caplog):
    extra = {"old.head.old_weight": torch.zeros(1), "decode_head.bias": torch.zeros(1)}
    with caplog.at_level(logging.INFO):
        load(network, state | extra, tmp_path)
    assert "7 tensors loaded, unused: decode_head.bias, old.head.old_weight" in caplog.text


def test_missing_tensor_is_an_error(network, state, tmp_path):
    del state["1.running_mean"]
    with pytest.raises(ValueError, match=r"1 of 7 tensors are missing, such as 1\.running_mean"):
        load(network, state, tmp_path)


def test_a_statistic_that_is_no_number_is_an_error(network, state, tmp_path):
    state["1.running_var"][2] = torch.nan
    with pytest.raises(ValueError, match=r"file\.pth holds NaN or infinite values in 1 tensor"):
        load(network, state, tmp_path)
    assert network[1].running_var.isfinite().all()


def test_counter_of_batches_may_be_missing(network, state, tmp_path):
    del state["1.num_batches_tracked"]
    load(network, state, tmp_path)
    assert network[1].num_batches_tracked == 0


def test_other_shape_is_an_error(network, state, tmp_path):
    state["old.bias"] = torch.zeros(4)
    with pytest.raises(ValueError, match=r"0\.bias is \(4,\) there and \(3,\) here"):
        load(network, state, tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"<html></html>", b"PK\x03\x04", b"\x80\x02"])
def test_what_is_no_checkpoint_is_told(content, network, tmp_path):
    file = tmp_path / "file.pth"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.pth cannot be read as weights"):
        read_tensors(file)


def test_nothing_but_tensors_is_unpickled(network, tmp_path):
    with pytest.raises(ValueError, match="cannot be read as weights"):
        load(network, {"state_dict": {}, "model": nn.Linear(1, 1)}, tmp_path)


def test_wrong_path_is_an_error(network):
    with pytest.raises(ValueError, match=r"file not found: nowhere\.pth"):
        load_published(network, True, "nowhere.pth", RENAMES)


def test_from_scratch_leaves_the_random_start(network):
    before = network[0].weight.clone()
    load_published(network, False, None, RENAMES)
    assert torch.equal(network[0].weight, before)
