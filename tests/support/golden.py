"""The inputs of the golden values: what the released CAC and SSA heads computed, once.

``VALUES`` holds the outputs of the released code (CPU, float32) on the tensors made here. Every
tensor is a sine of its flat index, so that no file of weights is needed.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.parts.ssa_branch import SSABranch
from segadapt.classifiers.ssa import SSAClassifier

VALUES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "golden_cac_ssa.json").read_text()
)
IMAGES, CHANNELS, ROWS, COLUMNS, CLASSES = 2, 8, 20, 24, 5


def fill(shape: Sequence[int], a: float, b: float, s: float) -> Tensor:
    """Element n, in row-major order, is s * sin(a * n + b), computed in double."""
    values = s * np.sin(a * np.arange(math.prod(shape), dtype=np.float64) + b)
    return torch.from_numpy(values.astype(np.float32)).reshape(tuple(shape))


def features() -> Tensor:
    """Decoder output f = S_f, non-negative as after every released decoder."""
    return fill((IMAGES, CHANNELS, ROWS, COLUMNS), 0.731, 0.3, 1.5).relu()


def mask() -> Tensor:
    """Labels of 80 x 96 pixels: blocks without class 4, a disc of class 1, ignored margins."""
    row, column = torch.meshgrid(torch.arange(80), torch.arange(96), indexing="ij")
    blocks = (row // 20 + column // 30) % 4
    disc = torch.where((row - 40) ** 2 + (column - 50) ** 2 < 500, 1, 2)
    blocks[:8] = 255
    disc[:, :12] = 255
    return torch.stack([blocks, disc])


def target() -> Tensor:
    """The labels on the feature grid; every fourth row and column, as nearest resizing picks."""
    return mask()[:, ::4, ::4]


def cac(**hyper: Any) -> CACClassifier:
    """CAC with the golden weights and without dropout."""
    classifier = CACClassifier(CHANNELS, CLASSES, **{"dropout": 0.0, **hyper})
    with torch.no_grad():
        _set_coarse(classifier.coarse)
        _set_projector(classifier.student, 0)
        _set_projector(classifier.teacher, 3)
    return classifier


def ssa(**hyper: Any) -> SSAClassifier:
    """SSA with the golden weights and without dropout."""
    classifier = SSAClassifier(CHANNELS, CLASSES, **{"dropout": 0.0, **hyper})
    with torch.no_grad():
        _set_coarse(classifier.coarse)
        classifier.position.weight.copy_(fill((CHANNELS, 1, 3, 3), 0.61, 0.7, 0.4))
        classifier.position.bias.copy_(fill((CHANNELS,), 0.7, 0.9, 0.1))
        classifier.basis.weight.copy_(fill((CLASSES, CHANNELS), 0.83, 0.5, 1.0))
        _set_branch(classifier.student, semantic=0, spatial=6, mix=1)
        _set_branch(classifier.teacher, semantic=3, spatial=9, mix=2)
    return classifier


def _set_coarse(coarse: nn.Conv2d) -> None:
    coarse.weight.copy_(fill((CLASSES, CHANNELS, 1, 1), 0.917, 0.1, 0.6))
    coarse.bias.copy_(fill((CLASSES,), 1.3, 0.2, 0.1))


def _set_branch(branch: SSABranch, *, semantic: int, spatial: int, mix: int) -> None:
    _set_projector(branch.semantic, semantic)
    _set_projector(branch.spatial, spatial)
    branch.mix.weight.copy_(fill((CHANNELS, CHANNELS), 0.37, mix, 0.6))


def _set_projector(projector: nn.Sequential, z: int) -> None:
    half = CHANNELS // 2
    projector[0].weight.copy_(fill((half, 2 * CHANNELS), 0.53, z, 0.7))
    projector[2].weight.copy_(fill((CHANNELS, half), 0.41, z + 1, 0.7))
    projector[2].bias.copy_(fill((CHANNELS,), 0.9, z + 2, 0.2))
