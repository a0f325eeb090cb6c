"""What the page gets for its questions: plain values, or one sentence."""

import base64
import io
import itertools
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from deployed import scene, write_run
from layouts import voc2012
from PIL import Image

import segadapt
from segadapt.data.files.decode import read_image
from segadapt.deployment.demo import answers as answering
from segadapt.deployment.demo.answers import Answers
from segadapt.deployment.demo.samples import offered_samples, spread
from segadapt.deployment.demo.uploads import Limits
from segadapt.deployment.prediction_files.work import Network

LIMITS = Limits(pixels=10_000, bytes=100_000)
CLASSIFIERS = ("fixed", "ssa")


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("runs"), []
    for classifier in CLASSIFIERS:
        words = ("data=digits", "data.crop=[64,64]", f"classifier={classifier}")
        model = segadapt.load(write_run(folder / classifier, *words), device="cpu")
        made.append(Network(classifier, model, model.predictor()))
    return made


@pytest.fixture
def files(tmp_path):
    for number in range(3):
        Image.fromarray(scene(40, 60, number)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path


@pytest.fixture
def answers(networks, files):
    return Answers(networks, offered_samples(networks, str(files), 12, 10_000), LIMITS)


def question(image, name="a.png", visitor="a", turn=1):
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    sent = base64.b64encode(content.getvalue()).decode()
    return {"name": name, "content": sent, "visitor": visitor, "turn": turn}


def test_a_photograph_gets_the_pictures_of_each_network(answers, networks):
    image = scene(40, 60)
    answer = json.loads(json.dumps(answers.upload(question(image)), allow_nan=False))
    assert (answer["name"], answer["rows"], answer["columns"]) == ("a.png", 40, 60)
    fixed, ssa = answer["runs"]
    assert (fixed["before"], fixed["changed"]) == (None, None)
    result = networks[1].model.predict(image)
    assert ssa["changed_share"] == pytest.approx(np.count_nonzero(result.changed) / 2400)
    shares = [np.count_nonzero(result.labels == k) / 2400 for k in range(len(result.classes))]
    assert ssa["shares"][0] == pytest.approx(shares)
    assert ssa["mean_confidence"] == pytest.approx(result.confidence.astype(float).mean())


def test_the_shares_count_the_classes_before_adaptation_as_well(answers, networks):
    image = scene(40, 60)
    fixed, ssa = answers.upload(question(image))["runs"]
    assert len(fixed["shares"]) == 1
    coarse = networks[1].model.predict(image, branch="coarse")
    expected = [np.count_nonzero(coarse.labels == k) / 2400 for k in range(len(coarse.classes))]
    assert ssa["shares"][1] == pytest.approx(expected)
    assert ssa["shares"][1] != ssa["shares"][0]


def test_a_pixel_is_that_of_its_photograph(answers, networks):
    first, second = (answers.upload(question(scene(40, 60, seed))) for seed in (0, 1))
    for picture, seed in ((second, 1), (first, 0)):
        asked = {"picture": picture["picture"], "row": 11, "column": 52}
        answer = json.loads(json.dumps(answers.pixel(asked)))
        assert (answer["row"], answer["column"], picture["every"]) == (11, 52, 1)
        for network, scores in zip(networks, answer["runs"], strict=True):
            expected = network.model.predict(scene(40, 60, seed)).scores()[:, 11, 52]
            for score in scores:
                assert score["after"] == pytest.approx(float(expected[score["number"]]))


def test_only_the_latest_photographs_are_kept(answers, monkeypatch):
    monkeypatch.setattr(answering, "KEPT", 2)
    pictures = [answers.upload(question(scene(8, 8, k)))["picture"] for k in range(3)]
    found = [answers.pixel({"picture": name, "row": 0, "column": 0}) for name in pictures]
    assert found[0] == {"error": "this photograph is no longer kept; choose it again"}
    assert [set(answer) for answer in found[1:]] == 2 * [{"row", "column", "runs"}]


@pytest.mark.parametrize(
    ("kind", "asked", "sentence"),
    [
        ("upload", {**question(scene(8, 9)), "content": ""}, "a.png is empty"),
        ("upload", {"name": "a.png"}, "the request has no content"),
        ("upload", question(scene(101, 100)), "a.png has 101 x 100 pixels"),
        ("sample", {"number": 4}, "there is no sample 4"),
        ("sample", {"number": -1}, "there is no sample -1"),
        ("sample", {"number": "0"}, "the request has no number"),
        ("sample", {"number": 3, "visitor": "a", "turn": 1}, "broken.png"),
        ("sample", {"number": 0, "turn": 1}, "the request has no visitor"),
        ("sample", {"number": 0, "visitor": "a"}, "the request has no turn"),
        ("pixel", {"picture": "x", "row": 0, "column": 0}, "this photograph is no longer kept"),
        ("pixel", None, "the request has no row"),
    ],
)
def test_a_wrong_question_gets_one_sentence(answers, kind, asked, sentence):
    answer = getattr(answers, kind)(asked)
    assert set(answer) == {"error"}
    assert sentence in answer["error"]


def test_a_name_that_is_not_unicode_is_spelt_out(answers):
    answer = answers.upload(question(scene(8, 9), "a\ud800.png"))
    assert json.dumps(answer, ensure_ascii=False).encode()
    assert answer["name"] == r"a\ud800.png"


def test_of_a_photograph_only_the_scores_of_its_pixels_are_kept(answers, networks):
    answers.upload(question(scene(40, 60)))
    (scores,) = answers._kept.values()
    assert [set(kept._fields) for kept in scores] == 2 * [{"grid", "after", "before"}]
    for kept in scores:
        arrays = [array for array in (kept.after, kept.before) if array is not None]
        assert [array.base is None for array in arrays] == len(arrays) * [True]


def test_a_photograph_that_a_later_one_has_replaced_is_not_decoded(answers, monkeypatch):
    decoded = []
    read = answering.read_upload
    monkeypatch.setattr(answering, "read_upload", lambda *a: decoded.append(a[0]) or read(*a))
    later = answers.upload(question(scene(8, 9), "later.png", turn=2))
    assert later["name"] == "later.png"
    earlier = answers.upload(question(scene(8, 9), "earlier.png", turn=1))
    assert earlier == {"error": "a later photograph has replaced this one"}
    answers.upload(question(scene(8, 9), "other.png", visitor="b", turn=1))
    assert decoded == ["later.png", "other.png"]


def test_only_one_photograph_is_decoded_at_a_time(answers, monkeypatch):
    decoding, most = [], []
    read = answering.read_upload

    def slow(*values):
        decoding.append(values)
        most.append(len(decoding))
        time.sleep(0.05)
        photograph = read(*values)
        decoding.pop()
        return photograph

    monkeypatch.setattr(answering, "read_upload", slow)
    questions = [question(scene(8, 9), visitor=name) for name in "abcd"]
    with ThreadPoolExecutor(4) as pool:
        names = [answer["name"] for answer in pool.map(answers.upload, questions)]
    assert names == 4 * ["a.png"]
    assert most == 4 * [1]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("cannot allocate 4 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 4 GiB"),
    ],
)
def test_a_lack_of_memory_gets_the_advice_of_the_demo(answers, monkeypatch, error):
    def read(*_):
        raise error

    monkeypatch.setattr(answering, "read", read)
    (sentence,) = answers.upload(question(scene(8, 9))).values()
    assert "choose a smaller one" in sentence
    assert "max_pixels=" in sentence
    assert "inference=slide" in sentence
    assert "data." not in sentence


def test_a_pixel_outside_gets_one_sentence(answers):
    picture = answers.upload(question(scene(8, 9)))["picture"]
    answer = answers.pixel({"picture": picture, "row": 8, "column": 0})
    assert answer == {"error": "pixel (8, 0) is outside of the image of 8 x 9 pixels"}


def test_an_upload_opens_no_file_for_writing(answers):
    written = []

    def audit(event, values):
        if watching and event == "open" and (values[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            written.append(values[0])

    watching = True
    sys.addaudithook(audit)
    answers.upload(question(scene(40, 60)))
    assert written == []
    with open(os.devnull, "w"):  # noqa: PTH123 # the hook sees what is written
        pass
    watching = False
    assert written == [os.devnull]


def test_without_images_samples_are_of_the_validation_set(networks):
    samples = offered_samples(networks, None, 2, 10_000)
    assert samples.origin == "2 validation images of digits"
    assert [sample.name for sample in samples.items] == ["image 0", "image 100"]
    assert samples.items[0].read().pixels.dtype == np.uint8


def test_a_validation_image_is_the_file_that_it_was_read_from(tmp_path):
    """This data set resizes images for evaluation; the page shows them as they are."""
    voc2012(tmp_path / "voc")
    words = ("data=voc2012", "data.crop=[32,32]", f"data.root='{tmp_path / 'voc'}'")
    model = segadapt.load(write_run(tmp_path / "run", *words), device="cpu")
    (sample, *_) = offered_samples([Network("a", model, model.predictor())], None, 1, 10_000).items
    (file,) = (tmp_path / "voc").rglob(sample.name)
    np.testing.assert_array_equal(sample.read().pixels, read_image(file))


def test_without_either_there_is_no_sample_and_the_reason_is_said(tmp_path):
    words = ("data=camvid", "data.crop=[32,32]", "data.root=/moved/away")
    model = segadapt.load(write_run(tmp_path / "run", *words), device="cpu")
    samples = offered_samples([Network("a", model, model.predictor())], None, 2, 10_000)
    assert samples.items == []
    assert samples.origin.startswith("none (")
    assert "/moved/away" in samples.origin
    assert samples.origin.endswith("name some with images=PATH")


@pytest.mark.parametrize(("length", "number"), [(101, 12), (3, 12), (12, 12), (5, 0), (0, 4)])
def test_samples_are_spread_over_all(length, number):
    places = spread(length, number)
    assert len(places) == min(length, number)
    gaps = {later - earlier for earlier, later in itertools.pairwise(places)}
    assert max(gaps, default=1) - min(gaps, default=1) <= 1
    assert all(0 <= place < length for place in places)
