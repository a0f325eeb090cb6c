"""``segadapt bundle``: one trained network with everything that its use takes, to share."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import yaml
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import save as safetensors_of

from segadapt.classifiers.base import with_teacher
from segadapt.data.label_table.reading import yaml_text
from segadapt.deployment.loading.bundle_files import (
    CARD,
    CONFIG,
    DIGESTS,
    FACTS,
    SAMPLE,
    WEIGHTS,
    digests_of,
)
from segadapt.deployment.loading.data_facts import image_settings
from segadapt.deployment.loading.read import read_network
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.deployment.prediction.model import Model
from segadapt.deployment.sharing.model_card import model_card
from segadapt.files import replacing, staging
from segadapt.runs.config import value_at, without_published_weights
from segadapt.runs.redaction import leaves
from segadapt.segmentor import without_teacher

DATA_KEYS: Final = ("name", "num_classes", "channels", "depth", "crop")
"""Keys of the data that a network's use reads; the crop is the default window of inference."""

LOCAL: Final = ("source", "folder")
"""Facts about this machine."""


def bundle(
    source: str,
    out: Path,
    checkpoint: str = "last",
    teacher: bool = False,
    sample: Path | None = None,
    overwrite: bool = False,
    trust: bool = False,
) -> Path:
    """Write a bundle, all of it or nothing.

    Args:
        source: Run folder, or another bundle.
        out: Folder, or a file that ends in .zip.
        checkpoint: ``last``, ``best`` or a file.
        teacher: Keep the branch that only labels need.
        sample: Photograph that the model card shows with its prediction.
        overwrite: Replace what is there.
        trust: Whether the config may build classes that are not on the allow-list.

    Returns:
        The folder or file.

    Raises:
        ValueError: If there is no trained network, or something is in the way.
    """
    archived = out.suffix.lower() == ".zip"
    if archived and out.is_dir():
        raise ValueError(
            f"{out} is a folder, and out= with a name in .zip is a file; choose another out="
        )
    if out.exists() and not overwrite:
        raise ValueError(f"{out} exists; pass overwrite=true to replace it, or another out=")
    trained = read_network(source, checkpoint, trust)
    contents = files_of(trained, teacher, sample)
    out.parent.mkdir(parents=True, exist_ok=True)
    write = _write_archive if archived else _write_folder
    write(out, contents)
    return out


def files_of(trained: TrainedNetwork, teacher: bool, sample: Path | None) -> dict[str, bytes]:
    """The content of each file, the list of digests last."""
    network = trained.network if teacher else without_teacher(trained.network)
    if teacher and not with_teacher(network.classifier):
        raise ValueError("teacher=true, but this network has no teacher; remove teacher=true")
    tensors = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    config = shared_config(trained.config)
    info = {key: value for key, value in trained.info.items() if key not in LOCAL}
    facts = {
        "classes": list(trained.data.classes),
        "colors": trained.data.colors.tolist(),
        "table": yaml_text(trained.data.labels.table),
        "precision": trained.precision,
        "info": info,
    }
    contents = {
        WEIGHTS: safetensors_of(tensors),
        CONFIG: yaml.safe_dump(config, sort_keys=False).encode(),
        FACTS: json.dumps(facts, indent=1).encode(),
    }
    if sample is not None:
        contents[SAMPLE] = _picture(trained, sample)
    card = model_card(trained, sample=sample is not None, teacher=teacher)
    contents[CARD] = card.encode()
    contents[DIGESTS] = json.dumps(digests_of(contents), indent=1).encode()
    return contents


def shared_config(config: DictConfig) -> dict[str, Any]:
    """The config of a network, without paths, secrets and how it was trained.

    Raises:
        ValueError: If a place of this machine would remain; names the key.
    """
    plain: Any = OmegaConf.to_container(without_published_weights(config), resolve=True)
    validation = value_at(plain, "data.module.val", {})
    shared = {
        **{key: plain[key] for key in ("model", "classifier", "inference")},
        "data": {
            **{key: plain["data"][key] for key in DATA_KEYS if key in plain["data"]},
            "module": {"val": image_settings(validation)},
        },
    }
    for key, value in leaves(shared):
        if isinstance(value, str) and Path(value).is_absolute():
            raise ValueError(
                f"the config's {key}={value} is a path on this machine; a bundle can only "
                "hold a network whose settings name no files"
            )
    return shared


def _picture(trained: TrainedNetwork, sample: Path) -> bytes:
    """The photograph under its predicted classes, as PNG."""
    picture = Model(trained, "cpu").predict(sample).overlay()
    _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def _write_folder(out: Path, contents: Mapping[str, bytes]) -> None:
    with staging(out) as stage:
        ready = stage / "bundle"
        ready.mkdir()
        for name, content in contents.items():
            (ready / name).write_bytes(content)
        if out.exists():
            _check_replaceable(out)
            out.rename(stage / "before")
        ready.rename(out)


def _check_replaceable(out: Path) -> None:
    if not (out / DIGESTS).is_file():
        raise ValueError(f"{out} is not a bundle, so it is not replaced; choose another out=")


def _write_archive(out: Path, contents: Mapping[str, bytes]) -> None:
    with replacing(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(
                name, date_time=(1980, 1, 1, 0, 0, 0)
            )  # the same bytes each time
            archive.writestr(entry, content)
