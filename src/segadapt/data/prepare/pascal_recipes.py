"""Data sets that are made of PASCAL VOC's images."""

from typing import Final

from segadapt.data.prepare.pascal_context import LABELS, LISTS, convert
from segadapt.data.prepare.recipe import Checksum, Folder, Recipe, Source
from segadapt.data.prepare.unpack import keep, unpack

FLICKR: Final = "images: Flickr's terms of use"
"""Licence of all images collected there."""

_STANFORD: Final = "https://cs.stanford.edu/~roozbeh/pascal-context"


def _voc(year: int, archive: str, md5: str, folders: tuple[Folder, ...]) -> Source:
    """The archive of a year's challenge; both addresses are the University of Oxford's."""
    path = f"pascal/VOC/voc{year}/{archive}"
    return Source(
        name=archive,
        addresses=(f"https://thor.robots.ox.ac.uk/{path}", f"http://host.robots.ox.ac.uk/{path}"),
        checksum=Checksum("md5", md5),
        deliver=unpack,
        folders=tuple(
            folder._replace(source=f"VOCdevkit/VOC{year}/{folder.target}") for folder in folders
        ),
    )


def _voc2010(*folders: Folder) -> Source:
    """The images of the year that PASCAL-Context annotates."""
    return _voc(2010, "VOCtrainval_03-May-2010.tar", "da459979d0c395079b5c75ee67908abb", folders)


VOC2012: Final = Recipe(
    title="PASCAL VOC 2012",
    home="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
    licence=FLICKR,
    size="2 GB",
    sources=(
        _voc(
            2012,
            "VOCtrainval_11-May-2012.tar",
            "6cd6e144f989b92b3379bac3b3de84fd",
            (
                Folder("JPEGImages", ".jpg"),
                Folder("SegmentationClass", ".png", 2_913),
                Folder("ImageSets/Segmentation", ".txt", 3),
            ),
        ),
    ),
)

PASCAL_CONTEXT: Final = Recipe(
    title="PASCAL-Context",
    home=f"{_STANFORD}/",
    licence=FLICKR,
    size="1.5 GB",
    sources=(
        _voc2010(Folder("JPEGImages", ".jpg")),
        Source(
            name="trainval_merged.json",
            addresses=("https://codalabuser.blob.core.windows.net/public/trainval_merged.json",),
            checksum=Checksum("md5", "3c2d0c0656b7be9eb61928ffe885d8ce"),
            deliver=convert,
            folders=(Folder(LABELS, ".png"), Folder(LISTS, ".txt", 2)),
        ),
    ),
)

PASCAL_CONTEXT459: Final = Recipe(
    title="PASCAL-Context, all classes",
    home=f"{_STANFORD}/",
    licence=FLICKR,
    size="1.5 GB",
    sources=(
        _voc2010(Folder("JPEGImages", ".jpg"), Folder("ImageSets/Main", ".txt")),
        Source(
            name="trainval.tar.gz",
            addresses=(f"{_STANFORD}/trainval.tar.gz",),
            deliver=unpack,
            folders=(Folder("trainval", ".mat", 10_103, "trainval"),),
        ),
        Source(
            name="labels.txt",
            addresses=(f"{_STANFORD}/labels.txt",),
            deliver=keep,
            folders=(Folder("labels", ".txt", 1),),
        ),
    ),
)
