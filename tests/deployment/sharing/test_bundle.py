"""Bundles: what is loaded is what was written, and a changed byte is refused."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

import cv2
import httpx
import numpy as np
import pytest
import torch
import yaml
from compositions import composed
from deployed import scene, write_run
from local_hub import LocalHub
from safetensors.torch import load_file

import segadapt
from segadapt.deployment.initialization.warm_start import start_from
from segadapt.deployment.loading.bundle_files import LIMITS, digests_of
from segadapt.deployment.loading.hub import push
from segadapt.deployment.sharing.bundle import bundle
from segadapt.evaluation.network import bare_model

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    words = ("data=camvid", "data.root=/moved/away", "classifier=ssa")
    return write_run(tmp_path_factory.mktemp("runs") / "run", *words)


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    return bundle(str(run), tmp_path_factory.mktemp("bundles") / "street")


def labels(place):
    return segadapt.load(place, device="cpu").predict(IMAGE).labels


def test_a_bundle_predicts_what_the_run_predicts(run, folder):
    assert (labels(folder) == labels(run)).all()
    model = segadapt.load(folder, device="cpu")
    assert model.classes == segadapt.load(run, device="cpu").classes
    assert model.info["source"] == str(folder)


def test_an_archive_is_the_same(run, tmp_path):
    file = bundle(str(run), tmp_path / "street.zip")
    assert (labels(file) == labels(run)).all()
    assert bundle(str(run), tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_a_training_starts_from_a_bundle(run, folder):
    cfg = composed("data=camvid", "classifier=ssa", "model=tiny", f"init.run='{folder}'")
    model = bare_model(cfg)
    rows, origin = start_from(model, segadapt.load(run, device="cpu").classes, cfg)
    assert origin.info["source"] == str(folder)
    assert {row.part: row.new for row in rows}["encoder"] == 0
    theirs, own = load_file(folder / "model.safetensors"), model.state_dict()
    assert all(torch.equal(own[name], value) for name, value in theirs.items())


def test_a_bundle_has_one_checkpoint(folder):
    with pytest.raises(ValueError, match="is a bundle, which holds one checkpoint"):
        segadapt.load(folder, checkpoint="best")


def test_the_teacher_is_there_if_it_was_asked_for(run, folder, tmp_path):
    whole = bundle(str(run), tmp_path / "whole", teacher=True)
    names, with_teacher = (load_file(f / "model.safetensors").keys() for f in (folder, whole))
    assert not any(".teacher." in name for name in names)
    assert {name for name in with_teacher if ".teacher." not in name} == set(names)
    assert any(".teacher." in name for name in with_teacher)


def test_no_place_of_this_machine_is_inside(folder):
    for file in folder.iterdir():
        assert b"/moved/away" not in file.read_bytes()
    assert (
        "root" not in yaml.safe_load((folder / "config.yaml").read_text())["data"]["module"]["val"]
    )


def test_the_card_has_the_hubs_metadata_and_says_how_to_load(folder):
    _, head, body = (folder / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["pipeline_tag"] == "image-segmentation"
    assert metadata["library_name"] == "segadapt"
    assert 'segadapt.load("' in body
    assert "## Licences" in body


def test_a_sample_is_a_picture_of_the_card(run, tmp_path):
    photograph = tmp_path / "street.png"
    cv2.imwrite(str(photograph), scene(48, 64))
    place = bundle(str(run), tmp_path / "street", sample=photograph)
    assert (place / "sample.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "(sample.png)" in (place / "README.md").read_text()


@pytest.mark.parametrize("name", sorted(set(LIMITS) - {"sample.png"}))
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_changed_byte_is_refused(folder, tmp_path, name, where):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    content = bytearray((copy / name).read_bytes())
    at = {"first": 0, "middle": len(content) // 2, "last": -1}[where]
    content[at] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{copy}"):
        segadapt.load(copy, device="cpu")


def test_a_bundle_of_a_newer_version_gets_a_sentence(folder, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(folder, place)
    config = yaml.safe_load((place / "config.yaml").read_text())
    config["classifier"]["future"] = 1
    (place / "config.yaml").write_text(yaml.safe_dump(config))
    files = {f.name: f.read_bytes() for f in place.iterdir() if f.name != "bundle.json"}
    (place / "bundle.json").write_text(json.dumps(digests_of(files)))
    with pytest.raises(ValueError, match=r"classifier\.future, which SSAClassifier does not take"):
        segadapt.load(place)
    (place / "bundle.json").write_text(json.dumps({**digests_of(files), "format": 2}))
    with pytest.raises(ValueError, match="is of another format than 1; install the segadapt that"):
        segadapt.load(place)


@pytest.mark.parametrize("name", sorted(set(LIMITS) - {"sample.png", "bundle.json"}))
def test_a_missing_file_is_named(folder, tmp_path, name):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing; download or copy the bundle again"):
        segadapt.load(tmp_path / "copy", device="cpu")


def archive(folder, file, change):
    """An archive of a bundle, with a change to what is written."""
    with zipfile.ZipFile(file, "w") as target:
        for name, content, way in change(
            [(f.name, f.read_bytes(), zipfile.ZIP_STORED) for f in folder.iterdir()]
        ):
            target.writestr(name, content, way)
    return file


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: [*files, ("../evil", b"", 0)], r"'\.\./evil' is not a file of one"),
        (
            lambda files: [(n, b"\0" * 10**7 if n == "README.md" else c, 8) for n, c, _ in files],
            "README.md would unpack to",
        ),
        (lambda files: files[:-1], r"is missing|is not a bundle|neither a run folder nor"),
    ],
)
def test_hostile_archives_are_refused(folder, tmp_path, change, message):
    file = archive(folder, tmp_path / "hostile.zip", change)
    with pytest.raises(ValueError, match=message):
        segadapt.load(file, device="cpu")


def rewritten(folder, copy, change):
    """A bundle whose config somebody else wrote, with digests that fit."""
    shutil.copytree(folder, copy)
    config = yaml.safe_load((copy / "config.yaml").read_text())
    change(config)
    (copy / "config.yaml").write_text(yaml.safe_dump(config))
    stated = json.loads((copy / "bundle.json").read_text())
    stated["sha256"]["config.yaml"] = hashlib.sha256(
        (copy / "config.yaml").read_bytes()
    ).hexdigest()
    (copy / "bundle.json").write_text(json.dumps(stated))
    return copy


def test_a_config_that_builds_something_else_is_refused(folder, tmp_path):
    def hostile(config):
        config["model"] = {"_target_": "os.system", "command": "true"}

    place = rewritten(folder, tmp_path / "hostile", hostile)
    with pytest.raises(ValueError, match=r"os\.system"):
        segadapt.load(place, device="cpu")


def test_what_is_there_is_not_overwritten_unasked(run, folder, tmp_path):
    with pytest.raises(ValueError, match="exists; pass overwrite=true"):
        bundle(str(run), folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("all of it")
    with pytest.raises(ValueError, match="is not a bundle, so it is not replaced"):
        bundle(str(run), tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "all of it"
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


def test_a_hub_out_of_reach_and_a_name_without_an_owner_are_one_sentence(folder, monkeypatch):
    def unreachable(hub, repo, **settings):
        raise httpx.ConnectError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", unreachable)
    with pytest.raises(ValueError, match=r"cannot be reached for hf:a/b .*not known\)"):
        push(folder, "a/b")
    for act in (lambda: push(folder, "name"), lambda: segadapt.load("hf:name")):
        with pytest.raises(ValueError, match="'name' is not a repository's name; write owner/name"):
            act()


def test_an_upload_says_that_the_hub_was_switched_off(folder, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=r"^HF_HUB_OFFLINE is set, but an upload to hf:a/b needs"):
        push(folder, "a/b")
    with pytest.raises(ValueError, match=r"^hf:a/b is not in the cache, and the hub does not"):
        segadapt.load("hf:a/b")


def test_a_folder_is_not_replaced_by_an_archive(run, tmp_path):
    (tmp_path / "x.zip").mkdir()
    with pytest.raises(ValueError, match=r"x\.zip is a folder, and out= with a name in \.zip is a"):
        bundle(str(run), tmp_path / "x.zip", overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["x.zip"]


PUSH_AND_LOAD = """
import sys, numpy, segadapt
from pathlib import Path
from segadapt.deployment.loading.hub import push
print(push(Path(sys.argv[1]), "owner/name", private=True))
image = numpy.load(sys.argv[2])
print(segadapt.load("hf:owner/name", device="cpu").predict(image).labels.sum())
try:
    segadapt.load("hf:owner/other", device="cpu")
except ValueError as error:
    print(error)
"""
OFFLINE = """
import sys, numpy, segadapt
image = numpy.load(sys.argv[1])
print(segadapt.load("hf:owner/name", device="cpu").predict(image).labels.sum())
try:
    segadapt.load("hf:owner/other", device="cpu")
except ValueError as error:
    print(error)
"""


@pytest.mark.slow  # two processes that import everything
def test_a_bundle_travels_through_a_hub_and_then_without_it(folder, tmp_path):
    np.save(tmp_path / "image.npy", IMAGE)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": "hf_none"}
    environment |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    with LocalHub("owner/name") as hub:
        online = {**environment, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0"}
        words = [sys.executable, "-c", PUSH_AND_LOAD, str(folder), str(tmp_path / "image.npy")]
        done = subprocess.run(words, env=online, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        address, total, refusal = done.stdout.splitlines()
        assert address.startswith(f"{hub.address}/owner/name/commit/")
        assert hub.created["visibility"] == "private"
        assert hub.files.keys() == {file.name for file in folder.iterdir()}
    assert int(total) == labels(folder).sum()
    assert refusal.startswith("hf:owner/other does not exist, or is private")
    offline = {**environment, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "1"}
    words = [sys.executable, "-c", OFFLINE, str(tmp_path / "image.npy")]
    done = subprocess.run(words, env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again, absent = done.stdout.splitlines()
    assert again == total
    assert absent.startswith("hf:owner/other is not in the cache, and the hub does not answer")
