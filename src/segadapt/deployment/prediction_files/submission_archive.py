"""Predictions checked and packed as a server takes them."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from rich.console import Console
from rich.progress import track

from segadapt.data.labels import LabelContract
from segadapt.files import replacing

Size = tuple[int, int]


def pack(
    folder: Path,
    sizes: Mapping[str, Size],
    contract: LabelContract,
    archive: Path,
    console: Console,
) -> None:
    """Check a folder of predictions, all of it, and then pack it.

    Args:
        folder: Holds a PNG for each image and nothing else.
        sizes: Rows and columns of the images, by the names that their predictions must have.
        contract: Meaning of the numbers in label files.
        archive: Zip file to write; it is whole or not there.
        console: Console for progress.

    Raises:
        ValueError: If predictions are missing, superfluous or unreadable, differ in size from
            their images, or hold a number that is not a class.
    """
    check_names(folder, sizes)
    for name in track(sizes, "checking", console=console):
        check_prediction(folder / name, sizes[name], contract)
    with replacing(archive) as file, ZipFile(file, "w", ZIP_STORED) as packed:
        for name in sizes:
            entry = ZipInfo(name)  # without the time of day: the same predictions, the same archive
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, (folder / name).read_bytes())


def check_names(folder: Path, expected: Mapping[str, Size]) -> None:
    """Compare the names of predictions with those that are expected.

    Raises:
        ValueError: If they differ.
    """
    try:
        present = {file.name for file in folder.iterdir()}
    except OSError as error:
        raise ValueError(f"predictions {folder} cannot be read: {error.strerror}") from error
    missing, superfluous = sorted(expected.keys() - present), sorted(present - expected.keys())
    for names, what in ((missing, "lacks"), (superfluous, "must not hold")):
        if names:
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            raise ValueError(
                f"{folder} {what} {len(names)} prediction(s): {shown}; it must hold one PNG for "
                f"each of the {len(expected)} images and nothing else"
            )


def check_prediction(file: Path, size: Size, contract: LabelContract) -> None:
    """Read a prediction as a label and see that it holds classes only, for every pixel.

    Raises:
        ValueError: If it is unreadable, of another size, or holds anything else.
    """
    values = contract.read(file)
    if values.shape[:2] != size:
        raise ValueError(
            f"prediction {file} has {values.shape[0]} x {values.shape[1]} pixels, but its image "
            f"has {size[0]} x {size[1]}; predict at the image's own size"
        )
    contract(values, file)
    if ignored := contract.tally(values).ignored:
        raise ValueError(
            f"prediction {file} holds values that are not a class on {ignored} pixels; a "
            "submission needs a class for every pixel: write the best one"
        )
