"""Predictions against evaluation's own passes, torch's arithmetic, and Pillow's reading."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from deployed import scene, write_run
from PIL import Image

import segadapt
from segadapt.data.transforms.pipelines import EvalTransform
from segadapt.deployment.prediction.inference_choice import chosen_inference
from segadapt.evaluation.inference.branches import branch_labels

CLASSIFIERS = ("fixed", "cac", "ssa", "gmmseg", "protoseg", "dnc")
SIZE = (52, 75)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models by classifier, loaded once."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def model(classifier, *words):
        key = (classifier, *words)
        if key not in made:
            words = ("data=camvid", "data.crop=[32,32]", f"classifier={classifier}", *words)
            run = write_run(folder / str(len(made)), *words)
            made[key] = segadapt.load(run, device="cpu")
        return made[key]

    return model


def network_input(image, scale=None, multiple=None):
    nothing = np.zeros(image.shape[:2], np.uint8)
    return EvalTransform(scale, multiple)(image, nothing, np.random.default_rng())[0][None]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_labels_are_those_that_evaluation_counts(models, classifier):
    model, image = models(classifier), scene(*SIZE)
    mask = (scene(*SIZE, 1)[..., 0] % 11).astype(np.uint8)
    expected = branch_labels(
        model.trained.network,
        model.trained.inference,
        network_input(image),
        SIZE,
        torch.from_numpy(mask)[None].long(),
    )
    adapts = classifier in ("cac", "ssa")
    assert set(expected) == ({"student", "coarse", "oracle"} if adapts else {"student"})
    for branch, theirs in {"student": "student", "coarse": "coarse", "teacher": "oracle"}.items():
        if theirs in expected:
            found = model.predict(image, branch=branch, labels=mask).labels
            np.testing.assert_array_equal(found, expected[theirs][0].numpy())
        else:
            with pytest.raises(ValueError, match=f"has no {branch} branch"):
                model.predict(image, branch=branch, labels=mask)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("slide", {}),
        ("slide", {"window": [32, 48], "stride": [16, 16], "context": "global"}),
        ("multiscale", {"scales": [0.75, 1.0]}),
        ("slide_multiscale", {"scales": [1.25], "flip": False, "blend": "gaussian"}),
    ],
)
def test_every_inference_gives_the_labels_of_evaluation(models, name, settings):
    model, image = models("cac"), scene(*SIZE)
    inference = chosen_inference(name, settings, model.trained.config)
    expected = branch_labels(model.trained.network, inference, network_input(image), SIZE)
    found = model.predict(image, inference=name, **settings)
    np.testing.assert_array_equal(found.labels, expected["student"][0].numpy())


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_every_precision_gives_the_labels_of_evaluation(models, precision):
    import copy

    from lightning.pytorch.plugins.precision import HalfPrecision, MixedPrecision

    model, image = models("ssa"), scene(*SIZE)
    mixed = precision.endswith("mixed")
    plugin = MixedPrecision(precision, "cpu") if mixed else HalfPrecision(precision)
    network = plugin.convert_module(copy.deepcopy(model.trained.network))
    pixels = plugin.convert_input(network_input(image))
    with torch.no_grad(), plugin.forward_context():
        expected = branch_labels(network, model.trained.inference, pixels, SIZE)
    found = model.predict(image, precision=precision).labels
    np.testing.assert_array_equal(found, expected["student"][0].numpy())
    assert next(model.trained.network.parameters()).dtype is torch.float32


def test_half_precision_holds_wide_statistics(tmp_path):
    words = ("data=camvid", "data.root=/moved/away", "classifier=cac")
    model, image = segadapt.load(write_run(tmp_path / "run", *words, wide=True)), scene(*SIZE)
    norm = model.trained.network.generator.decoder.smooth[1]
    assert norm.running_var.max() > torch.finfo(torch.float16).max
    wanted, labels, same = (
        model.predict(image, precision=precision).labels for precision in (None, "16-true", "fp16")
    )
    assert (labels == wanted).mean() > 0.99
    np.testing.assert_array_equal(labels, same)


def test_images_are_resized_as_in_evaluation_and_results_are_not(models):
    words = ("data=cityscapes", "data.scale=[96,60]", "data.multiple=16")
    model, image = models("fixed", *words), scene(40, 56)
    pixels = network_input(image, (96, 60), 16)
    assert pixels.shape[2:] == (64, 96)
    expected = branch_labels(model.trained.network, model.trained.inference, pixels, (40, 56))
    found = model.predict(image).labels
    np.testing.assert_array_equal(found, expected["student"][0].numpy())


def test_numbers_of_pixels_are_those_of_their_probabilities(models):
    model, image = models("cac"), scene(*SIZE)
    result = model.predict(image)
    with torch.no_grad():
        logits = model.trained.network(network_input(image)).student.logits
    exact = F.interpolate(logits, SIZE, mode="bilinear").softmax(1)[0].numpy()
    scores = result.scores()
    assert (scores.dtype, scores.shape) == (np.float16, (11, *SIZE))
    np.testing.assert_allclose(scores, exact, atol=2e-3)
    assert (result.labels == exact.argmax(0)).mean() > 0.999  # but for ties
    np.testing.assert_allclose(result.confidence, exact.max(0), atol=2e-3)
    entropy = -(exact * np.log(exact.clip(1e-30))).sum(0)
    np.testing.assert_allclose(result.entropy, entropy, atol=3e-3)
    coarse = model.predict(image, branch="coarse")
    np.testing.assert_array_equal(result.changed, result.labels != coarse.labels)
    assert 0 < result.changed.mean() < 1
    assert (coarse.labels == result.scores("coarse").argmax(0)).mean() > 0.99


def test_one_pass_gives_what_several_give(models, monkeypatch):
    model, image = models("cac"), scene(*SIZE)
    passes = []
    classifier = model._ready[1].network.classifier
    classifier.register_forward_hook(lambda *_: passes.append(1))
    together = model.predict(image, also=["confidence", "entropy", "scores", "coarse"])
    maps = (together.confidence, together.entropy, together.changed, together.scores())
    assert len(passes) == 1
    result = model.predict(image)
    later = (result.confidence, result.entropy, result.changed, result.scores())
    for one, other in zip(maps, later, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(passes) == 6  # labels, confidence, entropy, the labels of coarse, and scores


def test_multiscale_confidence_is_that_of_averaged_probabilities(models):
    model, image = models("fixed"), scene(32, 32)
    result = model.predict(image, inference="multiscale", scales=[1.0], flip=True)
    with torch.no_grad():
        both = torch.cat([network_input(image), network_input(image).flip(3)])
        logits = F.interpolate(
            model.trained.network(both).student.logits, (32, 32), mode="bilinear"
        )
        one, mirror = logits.softmax(1)
    exact = ((one + mirror.flip(2)) / 2).numpy()
    np.testing.assert_allclose(result.confidence, exact.max(0), atol=2e-3)
    np.testing.assert_allclose(result.scores(), exact, atol=2e-3)


def test_prototypes_are_those_that_the_student_was_scored_with(models):
    image = scene(*SIZE)
    for classifier, parts in {"fixed": [], "cac": [0], "ssa": [0, 1]}.items():
        model = models(classifier)
        with torch.no_grad():
            student = model.trained.network(network_input(image)).student
        for index, prototypes in enumerate(model.predict(image).prototypes):
            assert (prototypes is not None) == (index in parts)
            if prototypes is not None:
                np.testing.assert_array_equal(prototypes, student[1 + index][0].numpy())


def test_log_density_is_that_of_a_mixture_of_gaussians(models):
    """Each pixel on the feature grid, by torch's own distributions."""
    model, image = models("gmmseg"), scene(32, 32)
    classifier, generator = model.trained.network.classifier, model.trained.network.generator
    with torch.no_grad():
        features = classifier.embed(generator(network_input(image)).pixels)
        rows = F.normalize(classifier.normalize(features.flatten(2).mT), dim=2)[0]
        mixtures = classifier.mixtures
        gaussians = torch.distributions.Independent(
            torch.distributions.Normal(mixtures.mean, mixtures.variance.sqrt()), 1
        )
        equal = torch.distributions.Categorical(torch.ones(len(mixtures.mean)))
        mixture = torch.distributions.MixtureSameFamily(equal, gaussians)
        densities = mixture.log_prob(rows)
        per_class = classifier.log_densities(generator(network_input(image)).pixels)[0]
    side = int(len(rows) ** 0.5)
    mean = per_class.logsumexp(0) - np.log(11)
    np.testing.assert_allclose(mean, densities.view(side, side), rtol=1e-4)
    found = model.predict(image).log_density
    exact = F.interpolate(per_class[None], (32, 32), mode="bilinear")[0].logsumexp(0) - np.log(11)
    np.testing.assert_allclose(found, exact, rtol=1e-5)
    assert found.dtype == np.float32


def test_log_density_elsewhere_is_refused(models):
    with pytest.raises(ValueError, match="has no densities; they exist for classifier=gmmseg"):
        _ = models("cac").predict(scene(16, 16)).log_density
    blurred = models("gmmseg").predict(scene(16, 16), inference="multiscale", scales=[1.0])
    with pytest.raises(ValueError, match="averages probabilities, which have no density"):
        _ = blurred.log_density


def test_lists_and_iterators_of_any_sizes(models):
    model = models("fixed")
    images = [scene(20, 30), scene(20, 30, 1), scene(30, 20), scene(20, 30, 2)]
    alone = [model.predict(image).labels for image in images]
    for size in (1, 3):
        together = model.predict(images, batch_size=size)
        for one, result in zip(alone, together, strict=True):
            assert (one == result.labels).mean() > 0.999
    taken = []
    lazy = model.predict(taken.append(1) or image for image in images)
    assert not taken
    np.testing.assert_array_equal(next(lazy).labels, alone[0])
    assert len(taken) == 1
    assert len(list(lazy)) == 3
    stacked = model.predict(np.stack(images[:2]))
    np.testing.assert_array_equal(stacked[1].labels, alone[1])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"branch": "oracle"}, "Unknown branch or map 'oracle'. Available: student, confidence"),
        ({"branch": "teacher"}, r"the teacher needs labels; pass predict\(\.\.\., labels="),
        ({"inference": "sliding"}, "Unknown inference 'sliding'. Available: multiscale, slide"),
        ({"inference": "whole", "window": [8, 8]}, "Unknown setting 'window' of inference=whole"),
        ({"inference": "slide", "window": "large"}, "inference.window=large"),
        ({"window": [8, 8]}, "Unknown option 'window' of predict; .* such as inference='slide'"),
        (
            {"also": ["colour"]},
            "Unknown branch or map 'colour'. Available: student, confidence",
        ),
        ({"precision": "8-true"}, "Unknown precision '8-true'. Available"),
        ({"device": "cuda:7"}, "device=cuda:7, but torch finds"),
        ({"batch_size": 0}, "batch_size=0 is out of range"),
        (
            {"inference": "slide", "labels": np.zeros((16, 16), int), "branch": "teacher"},
            "the teacher needs the whole image at once",
        ),
        ({"labels": np.full((16, 16), 11)}, r"hold 11, which is neither a class \(0..10\)"),
        ({"labels": np.zeros((8, 16), int)}, "16 x 16 pixels as it is shown, but its label"),
        ({"labels": np.zeros((16, 16))}, "labels of float64"),
    ],
)
def test_wrong_options_get_a_sentence(models, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        models("fixed").predict(scene(16, 16), **options)


def test_label_files_hold_the_numbers_of_the_data_set(models, tmp_path):
    model = models("fixed", "data=cityscapes", "data.scale=[96,60]", "data.multiple=null")
    result = model.predict(scene(*SIZE))
    own = Image.open(result.save(tmp_path / "own" / "a.png"))
    train = Image.open(result.save(tmp_path / "b.png", numbers="train"))
    assert (own.mode, own.size) == ("P", SIZE[::-1])
    np.testing.assert_array_equal(np.asarray(train), result.labels)
    labels = model.trained.data.labels
    np.testing.assert_array_equal(labels(np.asarray(own), tmp_path), result.labels)
    assert not np.array_equal(np.asarray(own), result.labels)
    shown = model.colors[result.labels]
    for file in (own, train):
        np.testing.assert_array_equal(np.asarray(file.convert("RGB")), shown)
    assert not list(tmp_path.rglob(".*"))


def test_overlays_mix_image_and_colours(models, tmp_path):
    model, image = models("fixed"), scene(*SIZE)
    result = model.predict(image)
    colors = model.colors[result.labels].astype(float)
    bare = result.overlay(tmp_path / "a.png", opacity=0.25, legend=False)
    assert np.abs(bare - (0.75 * image + 0.25 * colors)).max() <= 0.51
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), bare)
    with_legend = result.overlay(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as written:
        assert written.size == with_legend.shape[1::-1]
    assert with_legend.shape[0] > SIZE[0]
    below = with_legend[SIZE[0] :].reshape(-1, 3)
    for k in range(11):
        shown = bool((below == model.colors[k]).all(axis=1).sum() > 100)
        assert shown == bool((result.labels == k).any())


def test_wrong_ways_to_save_get_a_sentence(models, tmp_path):
    result = models("fixed").predict(scene(16, 16))
    for call, sentence in (
        (lambda: result.save(tmp_path / "a.jpg"), "must end in .png, because labels are kept"),
        (lambda: result.save(tmp_path / "a.png", "own"), "Unknown numbers 'own'. Available: data"),
        (lambda: result.overlay(opacity=2), "opacity=2 is out of range"),
        (lambda: result.overlay(tmp_path / "a.gif"), "end its name in .png or .jpg"),
        (lambda: result.scores("oracle"), "Unknown branch 'oracle'"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
    assert not list(tmp_path.iterdir())


def test_results_show_themselves(models, monkeypatch):
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda self: shown.append(self.size))
    result = models("fixed").predict(scene(*SIZE))
    result.show()
    assert shown == [result.overlay().shape[1::-1]]
    assert repr(result) == "Result('array', 52 x 75 pixels, branch='student')"
