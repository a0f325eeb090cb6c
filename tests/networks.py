"""Networks composed from the configuration, for tests."""

from collections.abc import Sequence

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from segadapt.cli import CONF
from segadapt.models.interfaces import FeatureGenerator


def generator(name: str, classes: int = 5, overrides: Sequence[str] = ()) -> FeatureGenerator:
    """What ``model=NAME`` stands for, with random weights."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        base = ["data=synthetic", f"data.num_classes={classes}", f"model={name}"]
        return instantiate(compose("train", [*base, *overrides]).model)
