import cv2
import numpy as np
import torch
from omegaconf import OmegaConf

from segadapt.analysis.figures.boundaries import Rule, boundaries_figure, boundary_masks, finding
from segadapt.data.palette import palette


def test_boundaries_are_those_of_opencv():
    target = np.zeros((24, 28), dtype=np.uint8)
    target[8:16, 9:20] = 2
    found = boundary_masks(torch.from_numpy(target).long(), (3, 4, 5), border=0)
    edges = cv2.Canny(target, 0.1, 0.2)
    for mask, size in zip(found, (3, 4, 5), strict=True):
        expected = cv2.dilate(edges, np.ones((size, size), dtype=np.uint8)) > 0
        assert np.array_equal(mask, expected)
    assert found[0].sum() < found[1].sum() < found[2].sum()


def test_the_figure_says_which_share_of_the_cells_is_boundary():
    target = torch.zeros(20, 20, dtype=torch.long)
    target[:, 10:] = 1
    figure = boundaries_figure([target], ["a", "b"], palette(2), sizes=(3,), border=0)
    assert figure.axes[1].get_xlabel() == "15 % of the cells"  # 3 of 20 columns


def test_boundaries_are_found_as_in_the_trainings_loss():
    def found(**term):
        return finding(OmegaConf.create({"loss": {"terms": {"response": term}}}))

    assert found(boundary="change", border=2) == Rule("change", 2)
    assert found(boundary="none", border=2) == Rule("canny", 6)
    assert finding(OmegaConf.create({"loss": {"terms": {}}})) == Rule("canny", 6)
