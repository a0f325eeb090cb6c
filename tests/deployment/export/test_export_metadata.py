"""What an exported file says about the images that its network takes."""

import pytest
from deployed import write_run

from segadapt.deployment.export.metadata import metadata_of
from segadapt.deployment.loading.read import read_network

FOLDER = ("data=folder", "data.root=/moved/away", "data.num_classes=3", "data.crop=[32,32]")


@pytest.mark.parametrize(
    ("words", "resize", "windows"),
    [
        ((), {"scale": [512, 128]}, None),
        (("+data.module.val.transform.multiple=32",), {"scale": [512, 128], "multiple": 32}, None),
        (("data.windows=64",), {}, 64),
    ],
)
def test_the_metadata_ask_for_no_other_resize_than_the_networks(tmp_path, words, resize, windows):
    words = (*FOLDER, "data.scale=[512,128]", *words)
    run = write_run(tmp_path / "run", *words, "classifier=fixed", classes=["a", "b", "c"])
    metadata = metadata_of(read_network(str(run)))
    assert metadata["resize"] == resize
    assert metadata["windows"] == windows
    assert metadata["mean"] == [0.485, 0.456, 0.406]
    assert metadata["std"] == [0.229, 0.224, 0.225]
