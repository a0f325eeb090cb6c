"""Quantised files: products of 8 bits that stay near, and which way they were made."""

import importlib.util

import numpy as np
import pytest

from segadapt.deployment.export.quantization import quantized

onnx = pytest.importorskip("onnx")
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="needs the extra export"
)

WEIGHT = np.random.default_rng(0).normal(0, 0.2, (4, 3, 3, 3)).astype(np.float32)
MIX = np.random.default_rng(1).normal(0, 0.5, (16, 5)).astype(np.float32)
BATCHES = [
    np.random.default_rng(seed).random((1, 3, 16, 16)).astype(np.float32) for seed in range(4)
]


@pytest.fixture(scope="module")
def model():
    """A convolution and a product."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Conv", ["image", "weight"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["maps"], ["kept"]),
        helper.make_node("MatMul", ["kept", "mix"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 4, 16, 5])],
        [numpy_helper.from_array(WEIGHT, "weight"), numpy_helper.from_array(MIX, "mix")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return made.SerializeToString()


def answer(content, image):
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image})[0]


def weights_of(content):
    return [entry.data_type for entry in onnx.load_from_string(content).graph.initializer]


def expected(image):
    import torch

    maps = torch.nn.functional.conv2d(torch.from_numpy(image), torch.from_numpy(WEIGHT), padding=1)
    return (maps.relu() @ torch.from_numpy(MIX)).numpy()


def test_calibrated_ranges_give_near_scores(model):
    made = quantized(model, BATCHES, None)
    assert made.stored() == {"method": "static", "reason": None}
    assert onnx.TensorProto.INT8 in weights_of(made.content)
    true = expected(BATCHES[0])
    difference = np.abs(answer(made.content, BATCHES[0]) - true).max()
    assert 0 < difference < 0.05 * np.abs(true).max()


def test_the_first_and_the_last_convolution_stay_single():
    from onnx import TensorProto, helper, numpy_helper

    weights = [np.random.default_rng(seed).normal(0, 0.2, (3, 3, 3, 3)) for seed in range(3)]
    names = ["image", "first", "second", "scores"]
    nodes = [
        helper.make_node("Conv", [names[i], f"w{i}"], [names[i + 1]], pads=[1] * 4, name=f"conv{i}")
        for i in range(3)
    ]
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 16, 16])
        for name in ("image", "scores")
    ]
    stored = [numpy_helper.from_array(w.astype(np.float32), f"w{i}") for i, w in enumerate(weights)]
    graph = helper.make_graph(nodes, "network", sides[:1], sides[1:], stored)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content = quantized(made.SerializeToString(), BATCHES, None).content
    kinds = {
        entry.name: entry.data_type for entry in onnx.load_from_string(content).graph.initializer
    }
    assert kinds["w0"] == kinds["w2"] == TensorProto.FLOAT
    assert "w1" not in kinds
    assert kinds["w1_quantized"] == TensorProto.INT8


def test_products_of_two_activations_stay_single():
    from onnx import TensorProto, helper

    sides = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])]
    out = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3, 16, 16])]
    nodes = [helper.make_node("MatMul", ["image", "image"], ["scores"], name="attention")]
    graph = helper.make_graph(nodes, "network", sides, out)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content = quantized(made.SerializeToString(), BATCHES, None).content
    assert np.allclose(answer(content, BATCHES[0]), BATCHES[0] @ BATCHES[0], rtol=1e-5)


def test_without_images_ranges_are_found_in_each_pass(model):
    made = quantized(model, [], "there are no training images: gone")
    assert made.stored() == {"method": "dynamic", "reason": "there are no training images: gone"}
    true = expected(BATCHES[0])
    assert 0 < np.abs(answer(made.content, BATCHES[0]) - true).max() < 0.05 * np.abs(true).max()


def test_what_cannot_be_calibrated_is_quantised_dynamically_and_says_why(model):
    made = quantized(model, [BATCHES[0][:, :, :8]], None)  # a size that the file does not take
    assert made.method == "dynamic"
    assert made.reason.startswith("static quantisation failed (")
    assert answer(made.content, BATCHES[0]).shape == (1, 4, 16, 5)


def test_a_file_that_is_not_one_is_refused():
    with pytest.raises(ValueError, match="onnxruntime cannot prepare this network for int8"):
        quantized(b"nothing", BATCHES, None)
