"""Average pooling in exported files: equal to torch's at sizes other than the traced one."""

import importlib.util

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.export import Dim

from segadapt.deployment.export.formats import any_size_pooling, onnx_program

SIZES = [(10, 12), (8, 13), (6, 6), (4, 5), (16, 25)]
NO_ONNX = any(importlib.util.find_spec(n) is None for n in ("onnx", "onnxscript", "onnxruntime"))


def pooled_program():
    pool = nn.AdaptiveAvgPool2d(3).eval()
    free = {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}
    with any_size_pooling():
        return torch.export.export(pool, (torch.zeros(2, 4, *SIZES[0]),), dynamic_shapes=(free,))


def check(answer):
    for size in SIZES:
        maps = torch.randn(1, 4, *size)
        torch.testing.assert_close(answer(maps), F.adaptive_avg_pool2d(maps, 3))


@pytest.mark.usefixtures("without_shape_checks")
def test_a_program_pools_maps_of_any_size():
    check(pooled_program().module())


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.skipif(NO_ONNX, reason="needs the extra export")
def test_an_onnx_file_pools_maps_of_any_size(tmp_path):
    import onnxruntime

    file = tmp_path / "pool.onnx"
    onnx_program(pooled_program(), "pooled").save(file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    check(lambda maps: torch.from_numpy(np.asarray(session.run(None, {"image": maps.numpy()})[0])))
