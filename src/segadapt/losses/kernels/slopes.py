"""The gradient of cross-entropy and Dice by the scores of pixels, in Triton."""

from typing import no_type_check

import triton
import triton.language as tl

from segadapt.losses.kernels.cells import first_pixel, position


@triton.jit
@no_type_check
def cross_entropy_slopes(
    scores: tl.tensor,
    is_own: tl.tensor,
    label: tl.tensor,
    labelled: tl.tensor,
    weights: tl.tensor,
    normalizer: tl.tensor,
) -> tl.tensor:
    """Slopes [pixels, classes] of the cross-entropy: weight (softmax - onehot)."""
    weight = tl.load(weights + label, mask=labelled, other=0.0)[:, None]
    slopes = weight * (tl.exp(scores - normalizer[:, None]) - tl.where(is_own, 1.0, 0.0))
    return tl.where(weight != 0.0, slopes, 0.0)


@triton.jit
@no_type_check
def dice_slopes(scores: tl.tensor, is_own: tl.tensor, by_sigmoid: tl.tuple) -> tl.tensor:
    """Slopes [pixels, classes] of Dice: (constant + linear q - own t) q (1 - q)."""
    constant, linear, own = by_sigmoid
    q = tl.sigmoid(scores)
    by_q = constant[None, :] + linear[None, :] * q - tl.where(is_own, own[None, :], 0.0)
    return by_q * (q * (1.0 - q))


@triton.jit
@no_type_check
def slopes_between(
    above: tl.tensor,
    below: tl.tensor,
    row: tl.tensor,
    pixels: tl.tensor,
    inside: tl.tensor,
    classes: tl.tensor,
    of_image: tl.tuple,
    by_sigmoid: tl.tuple,
    row_axis: tl.tuple,
    sizes: tl.tuple,
    CROSS_ENTROPY: tl.constexpr,
    DICE: tl.constexpr,
) -> tl.tuple:
    """Gradients by ``above`` and ``below``: scores of two rows of cells, enlarged along them.

    Those of pixels outside are meaningless, but finite.

    Args:
        above: Scores [pixels, classes] of ``row``.
        below: Scores of the next row.
        row: Number of the row of cells.
        pixels: Numbers of the pixels in their rows.
        inside: Whether each pixel exists.
        classes: Numbers of the classes.
        of_image: Pointers to the image's labels, weights and normalizers.
        by_sigmoid: Coefficients of :func:`dice_slopes`.
        row_axis: Positions of rows of pixels.
        sizes: Pixels in a row and number of classes.
        CROSS_ENTROPY: Whether the loss includes the cross-entropy.
        DICE: Whether the loss includes Dice.
    """
    labels, weights, normalizers = of_image
    width, num_classes = sizes
    by_above = tl.zeros(above.shape, tl.float32)
    by_below = tl.zeros(above.shape, tl.float32)
    for y in range(first_pixel(row, row_axis), first_pixel(row + 1, row_axis)):
        _, fraction = position(y, row_axis)
        scores = above * (1.0 - fraction) + below * fraction
        place = tl.cast(y, tl.int64) * width + pixels
        label = tl.load(labels + place, mask=inside, other=0).to(tl.int32)
        is_own = label[:, None] == classes[None, :]
        slopes = tl.zeros(above.shape, tl.float32)
        if CROSS_ENTROPY:
            labelled = inside & (label >= 0) & (label < num_classes)
            normalizer = tl.load(normalizers + place, mask=inside, other=0.0)
            slopes += cross_entropy_slopes(scores, is_own, label, labelled, weights, normalizer)
        if DICE:
            slopes += dice_slopes(scores, is_own, by_sigmoid)
        by_above += slopes * (1.0 - fraction)
        by_below += slopes * fraction
    return by_above, by_below
