import math

import numpy as np
import torch

from segadapt.data.drawing import LINE, TILE, shown
from segadapt.data.transforms.normalization import IMAGENET, MEAN, STD, Statistics
from segadapt.evaluation.report.gallery import Gallery

COLORS = np.array([[255, 0, 0], [0, 255, 0]], dtype=np.uint8)


def filled(number, scores):
    gallery = Gallery(number, ("sky", "road"), COLORS, IMAGENET)
    image, mask = torch.zeros(3, 8, 12), torch.zeros(8, 12, dtype=torch.int64)
    for index, miou in enumerate(scores):
        gallery.offer(f"image {index}", miou, image, mask, {"student": mask})
    return gallery


def test_the_worst_and_the_best_are_kept_in_order():
    gallery = filled(2, [0.5, 0.9, 0.1, 0.7, 0.3, 0.8])
    assert [one.miou for one in gallery.worst] == [0.1, 0.3]
    assert [one.miou for one in gallery.best] == [0.9, 0.8]
    assert gallery.best[0].name == "image 1"
    assert gallery.best[0].picture.shape[1] > 3 * TILE  # image, label, student, errors


def test_images_without_labels_are_left_out():
    assert [one.miou for one in filled(2, [math.nan, 0.4]).worst] == [0.4]


def test_none_are_kept_unless_wanted():
    assert not filled(0, [0.4]).worst


def test_a_network_input_is_shown_as_the_image_it_was():
    image = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    normalised = torch.from_numpy(((image / 255 - MEAN) / STD).transpose(2, 0, 1))
    assert (shown(normalised, (6, 8), IMAGENET) == image).all()
    assert shown(normalised, (12, 4), IMAGENET).shape == (12, 4, 3)


def test_images_normalised_by_other_statistics_have_their_own_colours():
    own = Statistics((0.1, 0.2, 0.3), (0.05, 0.1, 0.2))
    image = np.random.default_rng(0).integers(0, 256, (240, 240, 3)).astype(np.uint8)
    normalised = torch.from_numpy(((image / 255 - own.mean) / own.std).transpose(2, 0, 1))
    gallery = Gallery(1, ("sky", "road"), COLORS, own)
    mask = torch.zeros(240, 240, dtype=torch.int64)
    gallery.offer("image", 0.5, normalised, mask, {"student": mask})
    assert (gallery.best[0].picture[LINE : LINE + TILE, :TILE] == image).all()
