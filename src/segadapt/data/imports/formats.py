"""The formats that can be imported."""

from collections.abc import Callable, Mapping
from typing import Final

from segadapt.data.imports import coco, cvat, labelme, voc
from segadapt.data.imports.pictures import Source, Wanted

READERS: Final[Mapping[str, Callable[[Wanted], Source]]] = {
    "coco": coco.read,
    "labelme": labelme.read,
    "voc": voc.read,
    "cvat": cvat.read,
}
