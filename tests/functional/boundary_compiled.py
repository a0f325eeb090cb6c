"""Run by test_boundary.py: compiles the boundary bands without a graph break."""

import torch

from segadapt.functional.boundary import boundary_band, canny_edges, change_edges


def check(find):
    def band(mask):
        return boundary_band(find(mask), 3, 6)

    mask = torch.randint(0, 5, (2, 30, 40))
    compiled = torch.compile(band, backend="eager", fullgraph=True)
    assert torch.equal(compiled(mask), band(mask))


if __name__ == "__main__":
    for kind in (canny_edges, change_edges):
        check(kind)
