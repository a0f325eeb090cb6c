"""A data set of 300 classes through the trainer: its loss and its mIoU are those of numpy."""

import cv2
import lightning as L
import numpy as np
import pytest
import torch
from compositions import composed
from runs import SMALL
from written import picture, write

from segadapt.data.sampling import StepBatchSampler
from segadapt.evaluation.trained import load_trained
from segadapt.experiment import build_data, build_task, train
from segadapt.runs.metrics_table import read_rows
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check

CLASSES, SIDE, FIRST, VOID = 300, 64, 1000, 7
"""Class k has the number 1000 + k in label files of 16 bits; 7 is ignored."""


@pytest.fixture
def root(tmp_path):
    """Two images; the label of each has all classes, 255 among them, and ignored pixels."""
    root = tmp_path / "set"
    for seed, split in enumerate(("train", "val")):
        label = (np.arange(SIDE * SIDE).reshape(SIDE, SIDE) + 17 * seed) // 4 % CLASSES + FIRST
        label[:5, :9] = VOID
        for number in range(2):
            write(root / split / "images" / f"{number}.png", picture(SIDE, SIDE, 2 * seed + number))
            file = root / split / "labels" / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(file), np.roll(label, 11 * number, 1).astype(np.uint16))
    rows = "".join(f"class {k},{FIRST + k}\n" for k in range(CLASSES))
    (root / "classes.csv").write_text(f"name,numbers\n{rows}<ignored>,{VOID}\n")
    return root


def config(root, run):
    words = ["data.batch_size=2", "data.steps=1", "data.eval_every=1", "data.num_workers=0"]
    words += [f"data.crop=[{SIDE},{SIDE}]", f"data.scale=[{SIDE},{SIDE}]", "data.pretrained=false"]
    small = [word for word in SMALL if "data" not in word]
    quiet = ["classifier=fixed", "classifier.dropout=0", "seed=3"]
    cfg = composed("data=folder", f"data.root={root}", *words, *small, *quiet)
    cfg.paths.run = str(run)
    return cfg


def scores_of(model, image):
    """Scores at the size of the image, in double precision."""
    logits = model(image).student.logits
    large = torch.nn.functional.interpolate(
        logits, image.shape[-2:], mode="bilinear", align_corners=False
    )
    return large.detach().double().numpy()


def loss_of(scores, numbers):
    """Cross-entropy from the numbers of 16 bits; ignored pixels count in the mean, as released."""
    total = 0.0
    for scored, stored in zip(scores, numbers, strict=True):
        rows, columns = np.nonzero(stored != VOID)
        picked = scored[:, rows, columns]
        peak = picked.max(0)
        spread = peak + np.log(np.exp(picked - peak).sum(0))
        right = picked[stored[rows, columns] - FIRST, np.arange(len(rows))]
        total += (spread - right).sum()
    return total / numbers.size


def miou_of(pairs):
    """From predictions of classes and the numbers of 16 bits."""
    shared, either = np.zeros(CLASSES), np.zeros(CLASSES)
    for predicted, stored in pairs:
        valid = stored != VOID
        for k in range(CLASSES):
            ours, theirs = (predicted == k) & valid, stored == FIRST + k
            shared[k] += (ours & theirs).sum()
            either[k] += (ours | theirs).sum()
    return (shared[either > 0] / either[either > 0]).mean()


def test_loss_and_miou_are_those_of_the_numbers_on_disk(root, tmp_path):
    cfg = config(root, tmp_path / "run")
    metrics = train(cfg)
    L.seed_everything(3, verbose=False)
    data = build_data(cfg)
    model = build_task(cfg).model.train()
    order = StepBatchSampler(2, 2, 3, 1)
    batch = [data.train[(g, order.item(g))] for g in range(2)]
    numbers = np.stack([numbers_of(sample.mask) for sample in batch])
    loss = loss_of(scores_of(model, torch.stack([sample.image for sample in batch])), numbers)
    _, rows = read_rows(tmp_path / "run" / "metrics.csv")
    logged = next(float(row["train/loss"]) for row in rows if row["train/loss"])
    assert logged == pytest.approx(loss, rel=1e-5)
    trained = load_trained(read_run(str(tmp_path / "run"), "last", check))
    pairs = []
    for item, pair in enumerate(trained.dataset.files):
        with torch.no_grad():
            predicted = scores_of(trained.model, trained.dataset[item].image[None])[0].argmax(0)
        pairs.append((predicted, cv2.imread(str(pair.label), cv2.IMREAD_UNCHANGED)))
    assert metrics["val/miou"] == pytest.approx(miou_of(pairs), abs=1e-6)
    assert trained.dataset.classes[255] == "class 255"


def numbers_of(mask):
    """A mask of training back as the numbers on disk: its crop and flip are part of it."""
    classes = mask.numpy().astype(np.int64)
    return np.where(classes == 65_535, VOID, classes + FIRST)
