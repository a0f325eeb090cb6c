"""What Hydra and OmegaConf say, told in one sentence."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segadapt.cli.hydra_command import CONF
from segadapt.cli.override_errors import explain


def told(error):
    return explain(error, [], CONF, OmegaConf.create)


def test_an_override_without_a_value_is_told_how_to_write_one():
    with (
        initialize_config_dir(str(CONF), version_base="1.3"),
        pytest.raises(HydraException) as caught,
    ):
        compose("train", ["seed"])
    assert told(caught.value).startswith("'seed' cannot be read; write KEY=VALUE")


@pytest.mark.parametrize("override", ["data.root=/daten ü", "data.root=/a [b]", "data.root=/a=b"])
def test_values_that_hydra_cannot_read_are_told_to_be_quoted(override):
    with (
        initialize_config_dir(str(CONF), version_base="1.3"),
        pytest.raises(HydraException) as caught,
    ):
        compose("train", [override])
    assert told(caught.value).startswith(f"{override!r} cannot be read; ")
    assert "\"KEY='VALUE'\" if the value has other characters" in told(caught.value)


def test_what_a_resolver_refuses_is_told_in_its_words(tmp_path):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", ["model=cached", "data=cached", f"data.root={tmp_path}"])
    with pytest.raises(OmegaConfBaseException) as caught:
        OmegaConf.to_container(cfg.data, resolve=True)
    said = told(caught.value)
    assert said.startswith(f"{tmp_path} holds no cached features")
    assert "full_key" not in said
    assert "interpolation" not in said
