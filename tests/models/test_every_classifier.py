"""Every ``model=`` option with every ``classifier=`` option, by shapes alone."""

from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch
from compositions import composed
from hydra.utils import instantiate
from networks import generator

from segadapt.cli.hydra_command import CONF

CLASSIFIERS = sorted(file.stem for file in (Path(CONF) / "classifier").glob("*.yaml"))
MODELS = sorted({file.stem for file in (Path(CONF) / "model").glob("*.yaml")} - {"cached"})
ON_CPU = {name for name in MODELS if name.startswith("segformer")}
"""Networks whose constructor reads values, which the meta device has not."""

QUICK = {"tiny", "upernet_convnext_tiny", "linear_dinov3_vit_small", "smp_fpn", "segnext_tiny"}
"""One of each kind, checked by default."""

CLASSES = 5


@pytest.fixture(scope="module")
def classifiers():
    return {
        name: instantiate(composed("data=synthetic", f"classifier={name}").classifier)
        for name in CLASSIFIERS
    }


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS],
)
def test_scores_come_in_training_and_evaluation_at_odd_sizes(name, classifiers):
    with torch.device("cpu" if name in ON_CPU else "meta"):
        model = generator(name, CLASSES).to("meta")
    with torch.device("meta"), torch.no_grad():
        training = model.train()(torch.empty(2, 3, 97, 131), auxiliary=True).pixels
        pixels = model.eval()(torch.empty(1, 3, 97, 131)).pixels
        target = torch.empty(2, *training.shape[2:], dtype=torch.long)
        for build in classifiers.values():
            classifier = build(model.channels, CLASSES)
            taught = classifier.train()(training, target)
            scores = classifier.eval()(pixels).student.logits
            assert taught.student.logits.shape == (2, CLASSES, *training.shape[2:])
            assert (taught.teacher is None) == (classifier.teacher is None)
            assert scores.shape == (1, CLASSES, *pixels.shape[2:])


def test_there_is_a_model_for_every_architecture_of_smp():
    assert {f"smp_{arch}" for arch in smp.MODEL_ARCHITECTURES_MAPPING} <= set(MODELS)
