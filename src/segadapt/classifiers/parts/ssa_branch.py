"""One branch of SSA: the student's or the teacher's prototypes and scores."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from segadapt.classifiers.parts.arguments import option
from segadapt.classifiers.parts.projectors import PROJECTORS
from segadapt.structures import Branch


class SSABranch(nn.Module):
    """Adapts the semantic and spatial prototypes and scores pixels with their sum.

    Args:
        channels: Width of a prototype.
        layers: Number of layers of the projectors phi.
        semantic: Whether semantic prototypes are adapted.
        spatial: Whether there are spatial prototypes.
        mix: Whether a linear layer follows the sum.
    """

    def __init__(
        self, channels: int, layers: int, *, semantic: bool, spatial: bool, mix: bool
    ) -> None:
        super().__init__()
        projector = option(PROJECTORS, layers, "projector_layers")
        self.semantic = projector(channels) if semantic else nn.Identity()  # phi_s
        self.spatial = projector(channels) if spatial else nn.Identity()  # phi_p
        self.mix = nn.Linear(channels, channels, bias=False) if mix else nn.Identity()

    def forward(
        self,
        score: Callable[[Tensor], Tensor],
        fixed: Float[Tensor, "b k d"],
        semantic: Float[Tensor, "b k 2*d"] | None,
        spatial: Float[Tensor, "b k 2*d"] | None,
    ) -> Branch:
        """Score with the adapted prototypes; without semantic adaptation, with the fixed ones."""
        adapted = None if semantic is None else self.semantic(semantic)  # S_p, Eq. 5
        place = None if spatial is None else self.spatial(spatial)  # P_p, Eq. 7
        return self.scored(score, fixed, adapted, place)

    def scored(
        self,
        score: Callable[[Tensor], Tensor],
        fixed: Float[Tensor, "b k d"],
        adapted: Float[Tensor, "b k d"] | None,
        place: Float[Tensor, "b k d"] | None,
    ) -> Branch:
        """Score with S_p (or the fixed prototypes in its place) and P_p."""
        total = fixed if adapted is None else adapted
        total = total if place is None else total + place
        return Branch(score(self.mix(total)), semantic=adapted, spatial=place)  # Eq. 2
