from functools import partial

import pytest
import torch
import torch.distributed as dist
from toy import CLASSES, Pooled

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.evaluation.detailed_evaluator import DetailedEvaluator, branch_outputs
from segadapt.evaluation.evaluator import Evaluator
from segadapt.evaluation.inference.methods import multiscale, slide, whole
from segadapt.segmentor import Segmentor
from segadapt.structures import IGNORE, Batch

RANKS = 3


def network(classifier=CACClassifier):
    torch.manual_seed(0)
    return Segmentor(Pooled(), classifier, CLASSES).eval()


def batches(number=5):
    found = []
    for index in range(number):
        generator = torch.Generator().manual_seed(index)
        mask = torch.randint(CLASSES, (1, 21, 30), generator=generator)
        mask[:, 0] = IGNORE
        found.append(Batch(torch.randn(1, 3, 16, 24, generator=generator), mask, ["a"]))
    return found


WAYS = {
    "whole": whole,
    "slide": partial(slide, window=[8, 12]),
    "slide, probabilities": partial(slide, window=[8, 12], softmax=True),
    "multiscale": partial(multiscale, scales=[0.5, 1.0], flip=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_training_and_evaluation_count_the_same(way):
    model, evaluator = network(), Evaluator(CLASSES, WAYS[way])
    examiner = DetailedEvaluator(CLASSES, WAYS[way])
    for batch in batches():
        evaluator.update(model, batch)
        examiner.update(model, batch)
    found = examiner.findings().branches
    expected = evaluator.compute()
    assert list(found) == list(expected)
    for name, confusion in expected.items():
        assert found[name].confusion.equal(confusion)


@pytest.mark.parametrize("way", WAYS)
def test_confidence_is_the_probability_of_the_label(way):
    model, batch = network(), batches(1)[0]
    found = branch_outputs(model, WAYS[way], batch.image, (21, 30))["student"]
    scores = WAYS[way](lambda view: model(view).student.logits, batch.image, (21, 30))
    probabilities = scores if way in ("multiscale", "slide, probabilities") else scores.softmax(1)
    torch.testing.assert_close(found.confidence, probabilities.amax(1), atol=1e-6, rtol=1e-5)
    assert found.labels.equal(scores.argmax(1))


def test_a_classifier_that_does_not_adapt_has_neither_pixels_fixed_nor_a_gap():
    examiner = DetailedEvaluator(CLASSES, whole)
    examiner.update(network(FixedClassifier), batches(1)[0])
    found = examiner.findings()
    assert list(found.branches) == ["student"]
    assert found.adaptation is None
    assert found.gap is None


def test_without_an_oracle_there_is_no_gap():
    examiner = DetailedEvaluator(CLASSES, whole, oracle=False)
    examiner.update(network(), batches(1)[0])
    found = examiner.findings()
    assert list(found.branches) == ["student", "coarse"]
    assert found.adaptation is not None
    assert found.gap is None


def test_pixels_fixed_and_broken_explain_the_accuracies():
    examiner = DetailedEvaluator(CLASSES, whole)
    for batch in batches():
        examiner.update(network(), batch)
    found = examiner.findings()
    kept, fixed, broken, _ = found.adaptation
    assert (kept + fixed).equal(found.branches["student"].confusion.diagonal())
    assert (kept + broken).equal(found.branches["coarse"].confusion.diagonal())


def _plain(findings):
    """Findings that can be compared with ==."""
    found = {}
    for name, branch in findings.branches.items():
        found[name] = [
            branch.confusion.tolist(),
            branch.boundary_iou.tolist(),
            branch.trimap,
            branch.calibration.error,
        ]
    return found, [counts.tolist() for counts in findings.adaptation]


def _examine_over_ranks(rank, folder):
    torch.set_num_threads(1)  # a forked process must not use its parent's threads
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=RANKS)
    model, found = network(), []
    for images in range(1, 6):
        examiner = DetailedEvaluator(CLASSES, whole)
        for batch in batches()[rank:images:RANKS]:
            examiner.update(model, batch)
        found.append(_plain(examiner.findings()))
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_ranks_with_different_numbers_of_images_find_what_one_process_finds(tmp_path):
    torch.multiprocessing.start_processes(
        _examine_over_ranks, (str(tmp_path),), RANKS, start_method="fork"
    )
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(RANKS)]
    for images in range(1, 6):
        examiner = DetailedEvaluator(CLASSES, whole)
        for batch in batches()[:images]:
            examiner.update(network(), batch)
        expected = repr(_plain(examiner.findings()))  # nan equals itself here
        assert [repr(found[rank][images - 1]) for rank in range(RANKS)] == [expected] * RANKS
