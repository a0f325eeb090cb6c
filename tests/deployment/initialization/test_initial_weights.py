"""What ``init`` says is checked, and its weights are named by their digest."""

import hashlib
import json

import pytest
from omegaconf import OmegaConf

from segadapt.deployment.initialization.initial_weights import settle_origin
from segadapt.deployment.loading.bundle_files import CONFIG, DIGESTS, FACTS, WEIGHTS, digests_of


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text("seed: 0\n")
    (folder / "run.json").write_text('{"state": "finished"}')
    (folder / "checkpoints" / "last.ckpt").write_bytes(b"weights")
    return folder


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "bundle", b"model: {_target_: segadapt.models.smp.SmpGenerator}")


def write_bundle(folder, content):
    folder.mkdir()
    contents = {WEIGHTS: b"weights", CONFIG: content, FACTS: b"{}"}
    digests = json.dumps(digests_of(contents)).encode()
    for name, written in {**contents, DIGESTS: digests}.items():
        (folder / name).write_bytes(written)
    return folder


def config(**changes):
    init = {"run": None, "checkpoint": "last", "classifier": "keep", "freeze": None, "sha256": None}
    return OmegaConf.create({"init": {**init, **changes}})


def test_the_digest_is_that_of_the_file(run):
    cfg = config(run=str(run))
    settle_origin(cfg)
    assert cfg.init.sha256 == hashlib.sha256(b"weights").hexdigest()
    settle_origin(cfg)  # a resumed run says it already


def test_weights_that_have_changed_are_refused(run):
    cfg = config(run=str(run))
    settle_origin(cfg)
    (run / "checkpoints" / "last.ckpt").write_bytes(b"others")
    with pytest.raises(ValueError, match=r"last\.ckpt has changed since this config was written"):
        settle_origin(cfg)


def test_the_digest_of_a_bundle_is_that_of_its_weights(bundle):
    cfg = config(run=str(bundle))
    settle_origin(cfg)
    assert cfg.init.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_a_bundle_has_one_checkpoint(bundle):
    with pytest.raises(ValueError, match=r"holds one checkpoint, and .*best"):
        settle_origin(config(run=str(bundle), checkpoint="best"))


def test_a_bundle_that_would_build_anything_is_refused_before_a_run_begins(tmp_path):
    bundle = write_bundle(tmp_path / "bundle", b"model: {_target_: os.system}")
    with pytest.raises(ValueError, match=r"os\.system"):
        settle_origin(config(run=str(bundle)))


def test_a_folder_of_something_else_is_named(tmp_path):
    with pytest.raises(ValueError, match="is neither a run folder nor a bundle; pass the folder"):
        settle_origin(config(run=str(tmp_path)))


def test_without_a_run_nothing_is_written():
    cfg = config()
    settle_origin(cfg)
    assert cfg.init.sha256 is None
    settle_origin(OmegaConf.create({}))  # of an earlier version


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classifier": "kept"}, "Unknown init.classifier 'kept'. Available: keep, match, renew"),
        ({"freeze": "decoder"}, "Unknown init.freeze 'decoder'. Available: encoder, generator"),
        ({"run": "nowhere"}, "init.run: nowhere does not exist; pass the folder"),
    ],
)
def test_wrong_values_are_one_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        settle_origin(config(**changes))


def test_a_checkpoint_that_is_not_there_is_named(run):
    with pytest.raises(ValueError, match=r"Unknown checkpoint 'best' in .*\. Available: last"):
        settle_origin(config(run=str(run), checkpoint="best"))
