"""Every classifier on every kind of network as an ONNX file and as a program of torch.export."""

import importlib.util

import jaxtyping
import pytest
from deployed import write_run

from segadapt.deployment.export.export import export
from segadapt.deployment.export.form import SUFFIXES, Form

MISSING = [n for n in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(n) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs the extra export: {MISSING}"),
]

CLASSIFIERS = ("fixed", "cac", "ssa", "protoseg", "gmmseg", "dnc")
MODELS = {
    "tiny": [],
    "fcn_mobilenetv2": [],
    "deeplabv3plus_resnet50": [],
    "upernet_swin": [],
    "segformer_mit_b0": [],
    "segnext_tiny": ["model.decoder.seed=0"],  # else its bases are drawn anew in each pass
    "seaformer_base": [],
    "ocrnet_hrnet18": [],
}


@pytest.fixture(scope="module", autouse=True)
def unchecked():
    """Sizes are symbols while a network is exported, and the tests' shape checks want numbers."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_both_formats_say_what_the_network_says(tmp_path, model, classifier):
    words = ("data=camvid", "data.root=/moved/away", "data.crop=[64,96]", "data.pretrained=false")
    words += (f"model={model}", f"classifier={classifier}", *MODELS[model])
    run = str(write_run(tmp_path / "run", *words, settled=True))
    for form in ("torch", "onnx"):
        kept = export(run, tmp_path / f"x{SUFFIXES[form]}", Form(form, size=(64, 96)))
        assert kept.parity.passes == 3
        assert kept.parity.difference <= 1e-3
