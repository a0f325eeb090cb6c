from functools import partial

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix
from toy import CLASSES, Pooled

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.dnc import DNCClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.evaluation.evaluator import Evaluator
from segadapt.evaluation.inference.branches import branch_labels, branch_maps
from segadapt.evaluation.inference.methods import all_scores, multiscale, slide, whole
from segadapt.segmentor import Segmentor
from segadapt.structures import IGNORE, Batch


@pytest.fixture(params=[FixedClassifier, CACClassifier], ids=["fixed", "cac"])
def model(request):
    return Segmentor(Pooled(), request.param, CLASSES).eval()


@pytest.fixture
def adaptive():
    return Segmentor(Pooled(), CACClassifier, CLASSES).eval()


def batch(size=(16, 24), original=(16, 24), images=2):
    mask = torch.randint(CLASSES, (images, *original))
    mask[:, 0] = IGNORE
    return Batch(torch.randn(images, 3, *size), mask, [f"{i}" for i in range(images)])


def upsampled(branch, size, original):
    scores = F.interpolate(branch.logits, size=size, mode="bilinear")
    return F.interpolate(scores, size=original, mode="bilinear").argmax(1)


def test_counts_of_each_branch_are_those_of_its_scores(model):
    evaluator = Evaluator(CLASSES, partial(whole))
    batches = [batch(), batch((16, 24), (21, 30), images=1)]
    for one in batches:
        evaluator.update(model, one)
    found = evaluator.compute()
    prediction = model(batches[0].image, batches[0].mask)
    branches = {
        "student": prediction.student,
        "coarse": prediction.coarse,
        "oracle": prediction.teacher,
    }
    assert list(found) == [name for name, branch in branches.items() if branch is not None]
    for name in found:
        expected = torch.zeros(CLASSES, CLASSES, dtype=torch.int64)
        for one in batches:
            branch = model(one.image, one.mask)
            branch = {"student": branch.student, "coarse": branch.coarse, "oracle": branch.teacher}
            labels = upsampled(branch[name], one.image.shape[-2:], one.mask.shape[-2:])
            valid = one.mask != IGNORE
            counts = confusion_matrix(one.mask[valid], labels[valid], labels=range(CLASSES))
            expected += torch.from_numpy(counts)
        assert found[name].equal(expected)


def test_the_student_is_counted_in_each_image(model):
    evaluator = Evaluator(CLASSES, whole)
    one, other = batch(images=2), batch(original=(21, 30), images=1)._replace(name=["/last"])
    expected = np.zeros((3, 3, CLASSES), dtype=np.int64)
    images = [(one, 0), (one, 1), (other, 0)]
    for n, (found, i) in enumerate(images):
        logits = model(found.image[i : i + 1]).student.logits
        size, original = found.image.shape[-2:], found.mask.shape[-2:]
        scores = F.interpolate(logits, size=size, mode="bilinear")
        labels = F.interpolate(scores, size=original, mode="bilinear").argmax(1)
        pairs = zip(labels.flatten(), found.mask[i].flatten(), strict=True)
        for prediction, label in ((int(p), int(m)) for p, m in pairs if m != IGNORE):
            expected[n, 0, label] += prediction == label
            expected[n, 1, label] += 1
            expected[n, 2, prediction] += 1
    evaluator.update(model, one)
    evaluator.update(model, other)
    found = evaluator.images()
    assert found.names == ("/last", "0", "1")
    assert (found.counts == expected[[2, 0, 1]]).all()


def test_without_the_oracle_the_network_sees_no_labels(adaptive):
    evaluator = Evaluator(CLASSES, whole, oracle=False)
    evaluator.update(adaptive, batch())
    assert list(evaluator.scores()) == ["student", "coarse"]


class Auxiliary(Pooled):
    """Counts how often it is asked for auxiliary scores."""

    asked = 0

    def forward(self, image, auxiliary=False):
        self.asked += auxiliary
        return super().forward(image)


@pytest.mark.parametrize("kind", [FixedClassifier, CACClassifier, DNCClassifier])
def test_only_what_is_measured_is_computed(kind):
    """No auxiliary scores, and nothing of the labels but the oracle's scores."""
    model = Segmentor(Auxiliary(), kind, CLASSES).eval()
    targets = []
    model.classifier.register_forward_hook(lambda _, given, __: targets.append(given[1:]))
    evaluator = Evaluator(CLASSES, whole)
    evaluator.update(model, batch())
    assert model.generator.asked == 0
    (target,) = targets
    assert (target != ()) == (kind is CACClassifier) == ("oracle" in evaluator.compute())


def test_the_oracle_is_refused_where_the_network_does_not_see_the_image_whole(adaptive):
    one = batch()
    many = partial(multiscale, scales=[0.5, 1.0], flip=True)
    assert set(branch_labels(adaptive, many, one.image, (9, 9))) == {"student", "coarse"}
    with pytest.raises(ValueError, match="needs the whole image at once"):
        branch_labels(adaptive, many, one.image, (9, 9), one.mask)


def test_the_oracle_is_left_out_where_windows_or_scales_are_seen(adaptive):
    evaluator = Evaluator(CLASSES, partial(multiscale, scales=[0.5, 1.0], flip=True))
    evaluator.update(adaptive, batch())
    assert list(evaluator.scores()) == ["student", "coarse"]


def test_the_oracle_is_there_where_windows_share_the_adaptation_to_the_whole(adaptive):
    """CAC scores pixel by pixel, so windows that do not overlap are parts of the whole."""
    one = batch((16, 24), (16, 24))
    windows = partial(slide, window=[8, 12], stride=[8, 12], context="global")
    found = branch_maps(adaptive, windows, one.image, (16, 24), all_scores, one.mask)
    prediction = adaptive(one.image, one.mask)
    assert list(found) == ["student", "coarse", "oracle"]
    for name, branch in zip(found, prediction[:1] + prediction[1:3], strict=True):
        for rows in (slice(0, 8), slice(8, 16)):
            for columns in (slice(0, 12), slice(12, 24)):
                cells = [slice(part.start // 4, part.stop // 4) for part in (rows, columns)]
                part = F.interpolate(branch.logits[:, :, *cells], size=(8, 12), mode="bilinear")
                torch.testing.assert_close(
                    found[name][:, :, rows, columns], part, atol=1e-5, rtol=1e-5
                )
    evaluator = Evaluator(CLASSES, windows)
    evaluator.update(adaptive, one)
    assert list(evaluator.scores()) == ["student", "coarse", "oracle"]


def test_branches_of_several_passes_are_each_their_own(adaptive):
    image = batch().image
    many = partial(multiscale, scales=[0.5, 1.0], flip=True)
    found = branch_labels(adaptive, many, image, (9, 9))
    coarse = many(lambda view: adaptive(view).coarse.logits, image, (9, 9)).argmax(1)
    assert found["coarse"].equal(coarse)


def test_nothing_labelled_gives_a_student_without_scores(model):
    evaluator = Evaluator(CLASSES, partial(whole))
    one = batch()
    evaluator.update(model, one._replace(mask=torch.full_like(one.mask, IGNORE)))
    found = evaluator.scores()
    assert list(found) == ["student"]
    assert found["student"].miou != found["student"].miou


def test_reset_forgets(model):
    evaluator = Evaluator(CLASSES, whole, oracle=False)
    evaluator.update(model, batch())
    evaluator.reset()
    assert evaluator.compute()["student"].sum() == 0
    assert evaluator.images().names == ()


def test_counts_are_no_part_of_a_checkpoint():
    assert not Evaluator(CLASSES, whole, oracle=False).state_dict()


RANKS = 3


def _count_over_ranks(rank, folder):
    """What one rank finds in validation sets of one to five images."""
    torch.set_num_threads(1)  # a forked process must not use its parent's threads
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=RANKS)
    torch.manual_seed(0)
    model = Segmentor(Pooled(), CACClassifier, CLASSES).eval()
    batches = [batch(images=1)._replace(name=[f"image {i}"]) for i in range(5)]
    found = []
    for images in range(1, 6):
        evaluator = Evaluator(CLASSES, whole)
        for index in range(rank, images, RANKS):
            evaluator.update(model, batches[index])
        found.append({**evaluator.compute(), "images": evaluator.images()._asdict()})
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_ranks_with_different_numbers_of_images_count_what_one_process_counts(tmp_path):
    torch.multiprocessing.start_processes(
        _count_over_ranks, (str(tmp_path),), RANKS, start_method="fork"
    )
    torch.manual_seed(0)
    model = Segmentor(Pooled(), CACClassifier, CLASSES).eval()
    batches = [batch(images=1)._replace(name=[f"image {i}"]) for i in range(5)]
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=False) for rank in range(RANKS)]
    for images in range(1, 6):
        evaluator = Evaluator(CLASSES, whole)
        for one in batches[:images]:
            evaluator.update(model, one)
        expected, per_image = evaluator.compute(), evaluator.images()
        for rank in range(RANKS):
            together = found[rank][images - 1].pop("images")
            assert together["names"] == per_image.names
            assert (together["counts"] == per_image.counts).all()
            assert found[rank][images - 1].keys() == expected.keys()
            for name, counts in expected.items():
                assert found[rank][images - 1][name].equal(counts)


@pytest.mark.parametrize("way", [whole, partial(slide, window=(8, 8), stride=(4, 4))])
def test_scores_that_are_no_numbers_are_told_with_their_image(model, way):
    """Images before and after are fine, and the bad pixel need not be the last window's."""
    evaluator = Evaluator(CLASSES, way)
    for number in range(4):
        images = batch(images=1)
        if number == 2:
            images.image[0, 0, 1, 1] = torch.inf
        evaluator.update(model, images._replace(name=[f"image {number}"]))
    with pytest.raises(ValueError, match="are NaN or infinite for 1 image, such as image 2,"):
        evaluator.scores()
    evaluator.reset()
    evaluator.update(model, batch())
    evaluator.scores()


def test_labels_of_scores_that_are_no_numbers_are_refused(model):
    image = torch.full((1, 3, 16, 24), torch.nan)
    with pytest.raises(ValueError, match="predictions mean nothing"):
        branch_labels(model, whole, image, (16, 24))
