import pytest
import torch
from compositions import composed
from hydra.utils import instantiate

from segadapt.functional.resize import shrink
from segadapt.structures import Branch, Prediction


def part(prediction: Prediction, images: slice) -> Prediction:
    """The prediction of some of the images."""
    cut = [
        None if branch is None else Branch(*(x if x is None else x[images] for x in branch))
        for branch in prediction[:4]
    ]
    return Prediction(*cut)


@pytest.mark.parametrize("name", ["cac", "ssa"])
def test_every_grouped_term_is_the_mean_of_its_groups_also_where_the_last_is_smaller(name):
    config = composed("data=synthetic", f"classifier={name}")
    classifier = instantiate(config.classifier)(6, 3).eval()
    objective = instantiate(config.loss)
    mask = torch.randint(0, 3, (14, 32, 32))
    target = shrink(mask, (16, 16))
    prediction = classifier(torch.randn(14, 6, 16, 16), target)
    together = objective(prediction, mask).terms
    groups = [slice(start, start + 4) for start in range(0, 14, 4)]
    apart = [objective(part(prediction, group), mask[group]).terms for group in groups]
    grouped = {"coarse", "response", "semantic", "spatial"} & set(together)
    for term in grouped:
        mean = sum(terms[term] for terms in apart) / len(groups)
        torch.testing.assert_close(together[term], mean, msg=lambda text, term=term: term + text)
    assert len(grouped) == {"cac": 2, "ssa": 4}[name]
