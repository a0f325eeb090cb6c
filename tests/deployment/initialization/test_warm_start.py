"""Weights of another training: what is taken is equal, what is new stays, nothing fits by half."""

import pytest
import torch
from compositions import composed

from segadapt.deployment.initialization import warm_start
from segadapt.deployment.initialization.model_words import model_words
from segadapt.deployment.initialization.warm_start import class_dimensions, matched, start_from
from segadapt.deployment.loading.data_facts import data_facts
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.evaluation.inference.methods import whole
from segadapt.evaluation.network import bare_model

NAMES = ("sky", "road", "car", "tree", "pole")


def config(*words):
    return composed("data=synthetic", "model=tiny_group", *words, "init.run=somewhere")


def network(cfg, seed):
    torch.manual_seed(seed)
    return bare_model(cfg)


def started(monkeypatch, origin_words, words, origin_classes, classes):
    """A network before and after, the origin's, and the rows of what was taken."""
    first = config(f"data.num_classes={len(origin_classes)}", *origin_words)
    origin = network(first, 0)
    facts = data_facts(first, origin_classes)
    trained = TrainedNetwork(origin, first, facts, whole, "32-true", {})
    monkeypatch.setattr(warm_start, "read_network", lambda *_: trained)
    cfg = config(f"data.num_classes={len(classes)}", *words)
    model = network(cfg, 1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows, _ = start_from(model, tuple(classes), cfg)
    return before, model.state_dict(), origin.state_dict(), {row.part: row for row in rows}


CLASSIFIERS = ["fixed", "cac", "ssa", "protoseg", "gmmseg", "dnc"]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_the_same_classes_keep_everything(monkeypatch, classifier):
    words = [f"classifier={classifier}"]
    _, after, theirs, rows = started(monkeypatch, words, words, NAMES, NAMES)
    assert after.keys() == theirs.keys()
    assert all(torch.equal(after[name], theirs[name]) for name in after)
    assert all(row.new == row.left == 0 for row in rows.values())


def class_dimension(one, other):
    differing = [i for i, (a, b) in enumerate(zip(one.shape, other.shape, strict=True)) if a != b]
    return differing[0] if differing else None


def rows_of(tensor, dimension, classes):
    return tensor.movedim(dimension, 0).unflatten(0, (classes, -1))


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_classes_are_matched_by_name(monkeypatch, classifier):
    words = [f"classifier={classifier}"]
    newer = ("car", "person", "sky")  # of 5 classes two are here, in another order, and one is new
    before, after, theirs, rows = started(
        monkeypatch, words, [*words, "init.classifier=match"], NAMES, newer
    )
    by_class = 0
    for name, value in after.items():
        if not name.startswith("classifier."):
            continue
        dimension = class_dimension(value, theirs[name])
        if dimension is None:
            assert torch.equal(value, theirs[name])
            continue
        by_class += 1
        ours, own = (rows_of(tensors[name], dimension, 3) for tensors in (after, before))
        other = rows_of(theirs[name], dimension, 5)
        assert torch.equal(ours[0], other[2])
        assert torch.equal(ours[1], own[1])
        assert torch.equal(ours[2], other[0])
    assert by_class > 0
    assert rows["classifier"].why == "2 of 3 classes by name"


def test_another_classifier_takes_the_generator(monkeypatch):
    before, after, theirs, rows = started(
        monkeypatch, ["classifier=fixed"], ["classifier=ssa"], NAMES, NAMES
    )
    for name, value in after.items():
        expected = theirs[name] if name.startswith("generator.") else before[name]
        assert torch.equal(value, expected)
    assert rows["classifier"].taken == 0
    assert rows["classifier"].why == "SSAClassifier, the origin has FixedClassifier"
    assert rows["encoder"].new == rows["decoder"].new == 0


def test_renew_leaves_the_classifier(monkeypatch):
    before, after, _, rows = started(
        monkeypatch, ["classifier=cac"], ["classifier=cac", "init.classifier=renew"], NAMES, NAMES
    )
    own = [name for name in after if name.startswith("classifier.")]
    assert all(torch.equal(after[name], before[name]) for name in own)
    assert rows["classifier"].new == len(own)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (("road", "sky", "car", "tree", "pole"), r"its class 0 is 'sky', not 'road'; pass init.cl"),
        (("sky", "road"), "it has 5, and these data have 2"),
    ],
)
def test_keep_needs_the_same_classes(monkeypatch, classes, message):
    with pytest.raises(ValueError, match=message):
        started(monkeypatch, ["classifier=cac"], ["classifier=cac"], NAMES, classes)


def test_a_generator_that_does_not_fit_is_named(monkeypatch):
    with pytest.raises(ValueError, match=r"tensors of the decoder do not fit: generator\.dec"):
        started(
            monkeypatch,
            ["classifier=fixed"],
            ["classifier=fixed", "model.decoder.channels=24"],
            NAMES,
            NAMES,
        )


def test_the_settings_of_the_origin_are_told_from_its_folder(tmp_path):
    words = ["data=camvid", "model=tiny", "model/encoder=mobilenetv2_d8", "model.encoder.x=null"]
    (tmp_path / "overrides.yaml").write_text("".join(f"- {word}\n" for word in words))
    assert model_words(tmp_path) == f": {' '.join(words[1:])}"
    assert model_words(None) == ""


def test_a_classifier_with_other_parts_is_named(monkeypatch):
    with pytest.raises(ValueError, match=r"1 tensors of the classifier do not fit: coarse\.bias"):
        started(
            monkeypatch,
            ["classifier=cac"],
            ["classifier=cac", "classifier.coarse_bias=false"],
            NAMES,
            NAMES,
        )


def test_a_teacher_may_be_missing():
    own = {"coarse.weight": torch.zeros(2, 3), "teacher.0.weight": torch.ones(3)}
    theirs = {"coarse.weight": torch.ones(2, 3)}
    taken = matched(own, theirs, {"coarse.weight": (0, 1)}, [0, 1])
    assert taken.keys() == {"coarse.weight"}
    assert matched(theirs, own, {}, [0, 1]).keys() == {"coarse.weight"}


def test_dimensions_of_classes_are_found_without_touching_random_numbers():
    cfg = config("data.num_classes=5", "classifier=ssa")
    model = network(cfg, 0)
    from hydra.utils import instantiate

    state = torch.random.get_rng_state()
    dimensions = class_dimensions(model, instantiate(cfg.classifier), 5)
    assert torch.equal(state, torch.random.get_rng_state())
    assert dimensions["coarse.weight"] == (0, 1)
    assert dimensions["basis.weight"] == (0, 1)
    assert "position.weight" not in dimensions
