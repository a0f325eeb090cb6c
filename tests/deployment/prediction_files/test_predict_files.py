"""``segadapt predict`` from its words to its files, read back with Pillow, numpy and OpenCV."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest
from deployed import scene, write_run
from PIL import Image

import segadapt
from segadapt.cli.predict import main
from segadapt.data.files.decode import read_photograph
from segadapt.deployment.prediction import image_files
from segadapt.deployment.prediction.image_files import write_picture
from segadapt.deployment.prediction_files import predict_files

KINDS = "[labels,overlay,probabilities,confidence,entropy,coarse,changed]"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    data = ("data=cityscapes", "data.scale=[48,32]", "data.crop=[32,32]")
    for classifier in ("cac", "fixed"):
        write_run(folder / classifier, *data, f"classifier={classifier}")
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for seed, name in enumerate(("a.jpg", "b.png", "deep/c.jpg")):
        Image.fromarray(scene(24, 32, seed)).save(folder / name)
    return folder


def typed(runs, *words):
    return main([f"run={runs / 'cac'}", "device=cpu", "workers=1", *words])


def said(capsys, runs, *words):
    """What an error says, in one sentence, and its exit code."""
    with pytest.raises(SystemExit) as ended:
        typed(runs, *words)
    code = ended.value.code
    text = code if isinstance(code, str) else capsys.readouterr().err
    assert text.count("\n") <= 1
    return text


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_every_kind_of_file_holds_what_python_says(runs, photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert typed(runs, f"images={photos}", f"out={out}", f"save={KINDS}") == 0
    model = segadapt.load(runs / "cac", device="cpu")
    for name, file in (("a", "a.jpg"), ("b", "b.png"), ("deep/c", "deep/c.jpg")):
        result = model.predict(photos / file)
        labels = np.asarray(Image.open(out / "labels" / f"{name}.png"))
        np.testing.assert_array_equal(model.trained.data.labels(labels, out), result.labels)
        coarse = np.asarray(Image.open(out / "coarse" / f"{name}.png"))
        assert ((coarse != labels) == result.changed).all()
        changed = np.asarray(Image.open(out / "changed" / f"{name}.png"))
        np.testing.assert_array_equal(changed, result.changed * np.uint8(255))
        with np.load(out / "probabilities" / f"{name}.npz") as kept:
            np.testing.assert_array_equal(kept["scores"], result.scores())
            assert kept["classes"].tolist() == list(model.classes)
        confidence = np.asarray(Image.open(out / "confidence" / f"{name}.png"))
        np.testing.assert_allclose(confidence / 255, result.confidence, atol=0.003)
        entropy = np.asarray(Image.open(out / "entropy" / f"{name}.png"))
        np.testing.assert_allclose(entropy / 255 * np.log(19), result.entropy, atol=0.007)
        with Image.open(out / "overlay" / f"{name}.jpg") as overlay:
            assert overlay.size == result.overlay().shape[1::-1]
    about = json.loads((out / "predictions.json").read_text())
    assert (about["finished"], about["images"], about["skipped"]) == (True, 3, [])
    assert about["settings"]["label_numbers"] == model.trained.data.labels.numbers
    assert about["settings"]["scales"]["entropy"].startswith("255 is log K nats")
    assert "predicted 3 images" in capsys.readouterr().out


def test_numbers_of_the_network_are_written_if_asked(runs, photos, tmp_path):
    words = (f"images={photos / 'b.png'}", "save=labels", "numbers=train")
    typed(runs, *words, f"out={tmp_path / 'out'}")
    found = np.asarray(Image.open(tmp_path / "out" / "labels" / "b.png"))
    result = segadapt.load(runs / "cac", device="cpu").predict(photos / "b.png")
    np.testing.assert_array_equal(found, result.labels)


def test_a_second_start_goes_on_and_ends_with_the_same_files(runs, photos, tmp_path, capsys):
    words = (f"images={photos}", "save=[labels,confidence]")
    typed(runs, *words, f"out={tmp_path / 'whole'}")
    out = tmp_path / "out"
    shutil.copytree(tmp_path / "whole", out)
    for lost in ("labels/b.png", "confidence/deep/c.png"):
        (out / lost).unlink()
    (out / "labels" / ".b.png.partial-1").write_bytes(b"half")
    (out / "labels" / "a.png").write_bytes(b"kept")
    capsys.readouterr()
    assert typed(runs, *words, f"out={out}") == 0
    assert "predicted 2 images" in (told := capsys.readouterr().out)
    assert "1 kept from before" in told
    assert (out / "labels" / "a.png").read_bytes() == b"kept"
    assert typed(runs, *words, f"out={out}", "overwrite=true") == 0
    assert contents(out) == contents(tmp_path / "whole")


def test_other_predictions_are_not_mixed_in(runs, photos, tmp_path, capsys):
    words = (f"images={photos}", "save=labels", f"out={tmp_path / 'out'}")
    typed(runs, *words)
    before = contents(tmp_path / "out")
    text = said(capsys, runs, *words, "numbers=train")
    assert "holds predictions with numbers=data, not train; choose another out=" in text
    assert contents(tmp_path / "out") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    text = said(capsys, runs, f"images={photos}", f"out={tmp_path / 'mine'}")
    assert "is not empty (letter.txt) and has no predictions.json" in text


def test_predictions_of_other_settings_are_not_kept_after_an_interruption(
    runs, photos, tmp_path, monkeypatch, capsys
):
    """``overwrite=true`` with other settings, ended after one image, then continued without it."""
    out = tmp_path / "out"
    words = (f"images={photos}", "save=labels")
    typed(runs, *words, f"out={out}")
    typed(runs, *words, f"out={tmp_path / 'whole'}", "numbers=train")
    with monkeypatch.context() as patch:
        patch.setattr(predict_files, "_predicted", lambda *_: iter(()))  # it ends before the first
        typed(runs, *words, f"out={out}", "numbers=train", "overwrite=true")
    capsys.readouterr()
    assert typed(runs, *words, f"out={out}", "numbers=train") == 0
    assert "predicted 3 images" in capsys.readouterr().out
    assert contents(out / "labels") == contents(tmp_path / "whole" / "labels")
    assert typed(runs, *words, f"out={out}", "numbers=train") == 0
    assert "3 kept from before" in capsys.readouterr().out


def test_files_that_cannot_be_read_are_named_and_skipped(runs, photos, tmp_path, capsys):
    (photos / "broken.png").write_bytes((photos / "b.png").read_bytes()[:-40])
    (photos / "empty.jpg").touch()
    out = tmp_path / "out"
    assert typed(runs, f"images={photos}", f"out={out}", "save=labels") == 1
    told = capsys.readouterr()
    assert f"skipped: {photos / 'broken.png'} is truncated" in told.err
    assert "2 skipped for the reasons above" in told.out
    about = json.loads((out / "predictions.json").read_text())
    assert [one["file"] for one in about["skipped"]] == [
        str(photos / name) for name in ("broken.png", "empty.jpg")
    ]
    assert len(list((out / "labels").rglob("*.png"))) == 3
    assert typed(runs, f"images={photos}", f"out={out}", "save=labels") == 1  # still


def test_an_image_too_long_for_a_jpeg_is_skipped_and_others_are_predicted(
    runs, photos, tmp_path, monkeypatch, capsys
):
    """A JPEG is refused by its sides, so that 200 pixels can stand for 65,500."""
    monkeypatch.setattr(image_files, "JPEG_SIDE", 200)
    Image.fromarray(scene(4, 201)).save(photos / "a_long.png")
    out, words = tmp_path / "out", (f"images={photos}", "legend=false")
    assert typed(runs, *words, f"out={out}", "save=[labels,overlay]") == 1
    assert len(told := capsys.readouterr().err.splitlines()) == 1
    assert told[0].startswith(f"skipped: {photos / 'a_long.png'}: {out / 'overlay' / 'a_long.jpg'}")
    assert "the picture has 4 x 201 pixels, and JPEG holds at most 200 pixels a side" in told[0]
    assert sorted(contents(out / "overlay")) == ["a.jpg", "b.jpg", "deep/c.jpg"]
    about = json.loads((out / "predictions.json").read_text())
    assert [one["file"] for one in about["skipped"]] == [str(photos / "a_long.png")]
    assert typed(runs, *words, f"out={tmp_path / 'labels'}", "save=labels") == 0
    with pytest.raises(image_files.TooLarge, match="write a PNG"):
        write_picture(tmp_path / "a.jpeg", scene(201, 4))
    write_picture(tmp_path / "a.png", scene(201, 4))


def test_opencv_writes_jpegs_up_to_the_limit_and_no_further(tmp_path):
    write_picture(tmp_path / "a.jpg", np.zeros((1, image_files.JPEG_SIDE, 3), np.uint8))
    done, _ = cv2.imencode(".jpg", np.zeros((1, image_files.JPEG_SIDE + 1, 3), np.uint8))
    assert not done


def label_files(folder, numbers):
    for seed, name in enumerate(("a", "b", "deep/c")):
        file = folder / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        values = np.array(numbers, np.uint8)[scene(24, 32, seed)[..., 0] % len(numbers)]
        Image.fromarray(values).save(file)
    return folder


def miou(labels, mask):
    """By sets of pixels."""
    scores = []
    for k in range(19):
        mine, true = (labels == k) & (mask != 255), mask == k
        if (mine | true).any():
            scores.append((mine & true).sum() / (mine | true).sum())
    return np.mean(scores)


def test_labels_beside_give_the_miou_of_each_image_and_panels(runs, photos, tmp_path):
    labels = label_files(tmp_path / "labels", [7, 8, 11, 0])  # 0 is not evaluated
    out = tmp_path / "out"
    words = (f"images={photos}", f"labels={labels}", f"out={out}", "save=labels")
    assert typed(runs, *words, f"beside={runs / 'fixed'}") == 0
    model = segadapt.load(runs / "cac", device="cpu")
    with (out / "predictions.csv").open() as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["a", "b", "deep/c"]
    for name, file in (("a", "a.jpg"), ("b", "b.png"), ("deep/c", "deep/c.jpg")):
        mask = model.trained.data.labels(np.asarray(Image.open(labels / f"{name}.png")), labels)
        found = model.predict(photos / file).labels
        assert float(rows[name]["miou"]) == pytest.approx(miou(found, mask), abs=1e-6)
        right = (found == mask)[mask != 255].mean()
        assert float(rows[name]["accuracy"]) == pytest.approx(right, abs=1e-6)
        assert int(rows[name]["pixels"]) == (mask != 255).sum()
        with Image.open(out / "panels" / f"{name}.jpg") as sheet:
            assert sheet.width == 3 * (160 + 6)  # image, label, CAC, teacher, Fixed, difference
    cut = (out / "predictions.csv").read_text()
    (out / "predictions.csv").write_text(cut[:-4])  # the last line is not whole any more
    assert typed(runs, *words, f"beside={runs / 'fixed'}") == 0
    assert (out / "predictions.csv").read_text() == cut


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("images=PHOTOS",), "out= is missing. Write: run=RUN images=PATH out=FOLDER."),
        (("images=PHOTOS", "out=PHOTOS/x"), "its files would become inputs"),
        (("images=PHOTOS", "out=OUT", "save=label"), "Unknown save 'label'. Available: labels,"),
        (("images=PHOTOS", "out=OUT", "save=[]"), "save= is empty"),
        (("images=PHOTOS", "out=OUT", "numbers=own"), "Unknown numbers 'own'"),
        (("images=PHOTOS", "out=OUT", "opacity=3"), "opacity=3.0 is out of range; choose 0 to 1"),
        (("images=PHOTOS", "out=OUT", "workers=0"), "workers=0 is out of range"),
        (("images=PHOTOS", "out=PHOTOS/a.jpg"), "is not a folder; choose another name"),
        (("images=PHOTOS", "out=OUT", "labels=PHOTOS"), "2 of 3 images have no label: "),
        (("images=PHOTOS", "out=OUT", "labels=no"), "labels=no is not a folder of label files"),
        (("images=PHOTOS", "out=OUT", "inference.window=[8,8]"), "Unknown option 'window'"),
        (("images=PHOTOS", "out=OUT", "inference.window"), "is not a setting. Write: inference."),
        (("images=PHOTOS", "out=OUT", "inference=sliding"), "Unknown inference 'sliding'"),
        (
            ("images=PHOTOS", "out=OUT", "image=x"),
            "Unknown key in 'image=x'. Did you mean images=",
        ),
        (
            ("images=https://a.org/b.jpg", "out=OUT"),
            "is a URL, and images are read from files; download it first",
        ),
        (("images=PHOTOS", "out=OUT", "beside=no"), "beside=no does not exist; pass a run folder"),
    ],
)
def test_wrong_words_get_a_sentence_and_write_nothing(
    runs, photos, tmp_path, capsys, words, sentence
):
    before = contents(tmp_path)
    places = {"PHOTOS": str(photos), "OUT": str(tmp_path / "out")}
    for name, place in places.items():
        words = tuple(word.replace(name, place) for word in words)
    assert sentence in said(capsys, runs, *words)
    assert contents(tmp_path) == before


def test_images_and_labels_are_never_replaced(runs, photos, tmp_path, capsys):
    labels = label_files(tmp_path / "set" / "labels", [7, 8, 11])
    (tmp_path / "set" / "lists").mkdir()
    listing = tmp_path / "set" / "lists" / "all.txt"
    listing.write_text("a.png\n../../photos/b.png\n")
    shutil.copy(photos / "b.png", listing.with_name("a.png"))
    before = contents(photos) | contents(labels)
    typed(runs, f"images={listing}", f"out={tmp_path / 'out'}", "save=labels")
    assert sorted(contents(tmp_path / "out" / "labels")) == ["photos/b.png", "set/lists/a.png"]
    words = (f"out={labels.parent}", "save=labels", "overwrite=true")
    sentence = "into which predictions are written; choose another out="
    assert sentence in said(capsys, runs, f"images={labels / 'a.png'}", *words)
    assert sentence in said(capsys, runs, f"images={photos}", f"labels={labels}", *words)
    assert contents(photos) | contents(labels) == before


@pytest.mark.parametrize(
    ("save", "sentence"),
    [
        (
            "[coarse]",
            "save=coarse needs the scores before adaptation, and FixedClassifier does not",
        ),
        ("[overlay,changed]", "does not adapt to images; use save=[overlay]"),
    ],
)
def test_kinds_that_a_classifier_lacks_are_refused_before_anything_is_written(
    runs, photos, tmp_path, save, sentence
):
    words = (f"run={runs / 'fixed'}", "device=cpu", f"images={photos}", f"save={save}")
    with pytest.raises(SystemExit) as ended:
        main([*words, f"out={tmp_path / 'out'}"])
    assert sentence in str(ended.value.code)
    assert not (tmp_path / "out").exists()


def test_networks_of_other_classes_are_not_compared(runs, photos, tmp_path, capsys):
    other = write_run(tmp_path / "camvid", "data=camvid", "classifier=fixed")
    words = (f"images={photos}", f"out={tmp_path / 'out'}", f"beside={other}")
    assert "have different classes; pass runs of one data set" in said(capsys, runs, *words)


def test_inference_and_its_settings_reach_the_network(runs, photos, tmp_path):
    words = (f"images={photos / 'b.png'}", f"out={tmp_path / 'out'}", "save=labels")
    typed(runs, *words, "inference=slide", "inference.window=[16,24]", "inference.stride=[8,8]")
    found = np.asarray(Image.open(tmp_path / "out" / "labels" / "b.png"))
    model = segadapt.load(runs / "cac", device="cpu")
    result = model.predict(photos / "b.png", inference="slide", window=[16, 24], stride=[8, 8])
    np.testing.assert_array_equal(model.trained.data.labels(found, tmp_path), result.labels)
    about = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert about["settings"]["networks"][0]["inference"]["window"] == [16, 24]


def test_photographs_are_turned_before_they_are_predicted(runs, photos, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene(24, 32)).save(photos / "turned.jpg", exif=exif)
    typed(runs, f"images={photos / 'turned.jpg'}", f"out={tmp_path / 'out'}", "save=labels")
    with Image.open(tmp_path / "out" / "labels" / "turned.png") as labels:
        assert labels.size == (24, 32)
    assert read_photograph(photos / "turned.jpg").shape == (32, 24, 3)
