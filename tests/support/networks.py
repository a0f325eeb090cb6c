"""Networks composed from the configuration, for tests."""

from collections.abc import Sequence

from compositions import composed
from hydra.utils import instantiate

from segadapt.models.interfaces import FeatureGenerator


def generator(name: str, classes: int = 5, overrides: Sequence[str] = ()) -> FeatureGenerator:
    """The network of ``model=NAME``, with random weights."""
    base = ["data=synthetic", f"data.num_classes={classes}", f"model={name}"]
    return instantiate(composed(*base, *overrides).model)
