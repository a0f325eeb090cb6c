"""The same scenes in other formats and layouts give the same batches; others train, too."""

import json

import cv2
import numpy as np
import pytest
import torch
from compositions import composed
from hydra.utils import instantiate
from rich.console import Console
from runs import SMALL
from written import PUBLISHED_CAMVID, blocks, camvid, picture, write

import segadapt
from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.folder import Folder
from segadapt.data.files.decode import read_image
from segadapt.data.imports.importing import import_labels
from segadapt.data.imports.pictures import Wanted
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform
from segadapt.deployment.inputs.images import read_one
from segadapt.evaluation.trained import load_trained
from segadapt.experiment import train
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check


def as_tiff(source, root):
    """Every image as a 16-bit TIFF: each level 257 times itself."""
    for split in ("train", "val"):
        for file in sorted((source / split).iterdir()):
            wide = cv2.imread(str(file)).astype(np.uint16) * 257  # decoders of JPEGs differ
            target = root / split / "images" / f"{file.stem}.tif"
            target.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(target), wide)
            label = f"{file.stem}.png"
            _copy(source / f"{split}annot" / label, root / split / "labels" / label)
    return {}


def in_one_folder(source, root):
    for split in ("train", "val"):
        for file in sorted((source / split).iterdir()):
            _copy(file, root / f"{split}_{file.name}")
            label = f"{file.stem}.png"
            _copy(source / f"{split}annot" / label, root / f"{split}_{file.stem}_gt.png")
    return {"image": f"{{split}}_{{name}}{file.suffix}", "label": "{split}_{name}_gt.png"}


def in_a_list(source, root):
    rows = ["image,label,split"]
    for split in ("train", "val"):
        for file in sorted((source / split).iterdir()):
            _copy(file, root / "all" / f"{split} {file.name}")
            label = f"{file.stem}.png"
            _copy(source / f"{split}annot" / label, root / "gt" / f"{split} {label}")
            rows.append(f"all/{split} {file.name},gt/{split} {label},{split}")
    (root / "pairs.csv").write_text("\r\n".join(rows))
    return {"listed": "pairs.csv"}


def as_colors(source, root):
    """Labels in CamVid's official colours, void in black."""
    colors = np.zeros((256, 3), np.uint8)
    colors[: len(CamVid.classes)] = CamVid.palette
    for split in ("train", "val"):
        for file in sorted((source / split).iterdir()):
            _copy(file, root / split / "images" / file.name)
            label = cv2.imread(str(source / f"{split}annot" / f"{file.stem}.png"), -1)
            write(root / split / "masks" / f"{file.stem}.png", colors[label])
    rows = [
        f"{name},#{bytes(c).hex()}" for name, c in zip(CamVid.classes, CamVid.palette, strict=True)
    ]
    (root / "classes.csv").write_text("\n".join(["name,colors", *rows, "<ignored>,#000000"]))
    return {"classes": None, "classes_file": root / "classes.txt", "ignored": [255]}


def as_coco(source, root):
    """Labels as run lengths of COCO's JSON, imported; void is not annotated."""
    categories = [{"id": k + 1, "name": name} for k, name in enumerate(CamVid.classes)]
    for split in ("train", "val"):
        images, annotations = [], []
        for number, file in enumerate(sorted((source / split).iterdir()), 1):
            label = cv2.imread(str(source / f"{split}annot" / f"{file.stem}.png"), -1)
            size = dict(zip(("height", "width"), label.shape, strict=True))
            images.append({"id": number, "file_name": file.name, **size})
            annotations += [
                {
                    "id": len(CamVid.classes) * number + k,
                    "image_id": number,
                    "category_id": k + 1,
                    "iscrowd": 0,
                    "segmentation": {"size": [*label.shape], "counts": runs_of(label == k)},
                }
                for k in range(len(CamVid.classes))
                if (label == k).any()
            ]
        content = {"images": images, "annotations": annotations, "categories": categories}
        listed = root.parent / f"{split}.json"
        listed.write_text(json.dumps(content))
        wanted = Wanted(listed, images=source / split, split=split, background=None)
        import_labels("coco", wanted, root, Console(quiet=True), 1)
    return {"classes": None, "classes_file": root / "classes.txt", "ignored": [255]}


def runs_of(mask):
    """Lengths of the runs of a mask, column by column, those of zeros first."""
    bits = np.concatenate([[False], mask.T.ravel()])
    ends = np.flatnonzero(bits[1:] != bits[:-1])
    return np.diff([0, *ends, mask.size]).tolist()


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def transform():
    return TrainTransform((32, 32), (48, 40))


CLOTHES = [as_tiff, as_colors, as_coco, in_one_folder, in_a_list]


def compare(source, root, change, number):
    plain = {"classes": CamVid.classes, "classes_file": "", "ignored": [11, 255]}
    settings = plain | change(source, root)
    for split in ("train", "val"):
        published = CamVid(source, split, transform(), seed=3)
        other = Folder(root, split, transform(), seed=3, **settings)
        assert len(other) == len(published)
        for item in range(min(number, len(published))):
            one, same = published[(7 + item, item)], other[(7 + item, item)]
            assert torch.equal(one.image, same.image)
            assert torch.equal(one.mask, same.mask)


@pytest.mark.parametrize("change", CLOTHES)
def test_camvid_in_other_clothes_gives_the_same_batches(tmp_path, change):
    compare(camvid(tmp_path / "camvid", 3), tmp_path / "own", change, 3)


@pytest.mark.slow
@pytest.mark.parametrize("change", CLOTHES)
def test_the_published_camvid_gives_the_same_batches(tmp_path, change):
    if not PUBLISHED_CAMVID.is_dir():
        pytest.skip("SEGADAPT_CAMVID does not name a folder with CamVid")
    compare(PUBLISHED_CAMVID, tmp_path / "own", change, 10**6)


def own(root, channels, depth):
    """Scenes whose classes only the last channel tells apart."""
    for split, numbers in (("train", range(4)), ("val", range(4, 6))):
        for i in numbers:
            label = blocks(32, 32, 2, i)
            image = np.concatenate([picture(32, 32, i)] * 2, 2)[..., :channels].astype(np.float32)
            image[..., -1] = 20 + 180 * label
            place = root / split / "images"
            place.mkdir(parents=True, exist_ok=True)
            np.save(place / f"{i}.npy", image.astype(np.uint8) if depth == 8 else image * 16)
            write(root / split / "labels" / f"{i}.png", label)
    return root


def config(root, run, channels, depth):
    mean = "[" + ",".join(["0.5"] * channels) + "]"
    words = [f"data.root={root}", f"data.channels={channels}", f"data.depth={depth}"]
    words += [] if depth == 8 else ["data.range=[0,4096]"]
    small = [word for word in SMALL if "data" not in word]
    steps = ["data.steps=2", "data.batch_size=2", "data.eval_every=2", "data.num_workers=0"]
    cfg = composed(
        *("data=folder", "data.num_classes=2", "data.classes=[a,b]", f"data.mean={mean}"),
        *(f"data.std={mean}", "data.crop=[32,32]", "data.scale=[32,32]", "data.pretrained=false"),
        *(*words, *steps, *small),
    )
    cfg.paths.run = str(run)
    return cfg


@pytest.mark.parametrize(("channels", "depth"), [(4, "float"), (1, 8), (3, "float")])
def test_prediction_normalises_as_training_does(tmp_path, channels, depth):
    root = own(tmp_path / "own", channels, depth)
    node = config(root, tmp_path, channels, depth).data.module.val
    dataset = instantiate(node)
    image = dataset[0].image
    photograph = read_one(dataset.files[0].image, form=dataset.form)
    normalised = EvalTransform(node.transform.scale, None, node.transform.mean, node.transform.std)
    again = normalised(photograph.pixels, np.zeros((32, 32), np.uint8), np.random.default_rng(0))[0]
    assert image.shape == (channels, 32, 32)
    assert torch.equal(image, again)
    array = read_one(np.load(dataset.files[0].image), form=dataset.form)
    np.testing.assert_array_equal(array.pixels, photograph.pixels)


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "depth"), [(4, "float"), (1, 8), (3, "float"), (6, 8)])
def test_a_network_for_other_images_is_trained_measured_and_used(tmp_path, channels, depth):
    root, run = own(tmp_path / "own", channels, depth), tmp_path / "run"
    train(config(root, run, channels, depth))
    trained = load_trained(read_run(str(run), "last", check))
    sample = trained.dataset[0]
    with torch.no_grad():
        scores = trained.model(sample.image[None]).student.logits
    size = sample.mask.shape
    labels = torch.nn.functional.interpolate(scores, size, mode="bilinear").argmax(1)[0]
    file = trained.dataset.files[0].image
    result = segadapt.load(run, device="cpu").predict(file, inference="whole")
    assert (result.labels == labels.numpy()).mean() > 0.99
    result.overlay(tmp_path / "overlay.png")
    image = read_image(file, form=trained.dataset.form)
    assert image.shape == (32, 32, channels)


@pytest.mark.slow
def test_a_drawn_split_is_kept_and_changes_are_an_error(tmp_path):
    root, run = tmp_path / "own", tmp_path / "run"
    own(root, 3, 8)
    for kind in ("images", "labels"):
        (root / "train" / kind).rename(root / kind)
    cfg = config(root, run, 3, 8)
    cfg.data.split, cfg.data.mean, cfg.data.std = {"val": 0.25, "seed": 1}, None, None
    train(cfg)
    assert (run / "splits.json").is_file()
    found = read_run(str(run), "last", check)
    assert len(load_trained(found).dataset) == 1
    moved = root.rename(tmp_path / "moved")
    assert len(load_trained(found, root=str(moved)).dataset) == 1
    write(moved / "labels/9.png", blocks(32, 32, 2))
    np.save(moved / "images/9.npy", picture(32, 32))
    splits = [load_trained(found, split, str(moved)) for split in ("train", "val")]
    with pytest.raises(ValueError, match=r"split '(train|val)' is not what the training had"):
        [split.dataset for split in splits]
