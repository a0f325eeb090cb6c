"""``segadapt.train`` in Python checks and stores what the command line does."""

import hashlib

import pytest
import yaml
from runs import SMALL

from segadapt.cli import notebook
from segadapt.cli.notebook import configured, train


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["classifier=ssa_paper", "classifier.tau=3"], "classifier.tau=3 has no effect"),
        (["loss.effective_beta=0.9"], "effective_beta"),
        (["data.batch_size=2.5"], "data.batch_size"),
        (["init.run=nowhere"], r"init\.run: .*nowhere does not exist"),
    ],
)
def test_settings_are_checked_before_anything_is_written(tmp_path, overrides, sentence):
    with pytest.raises(ValueError, match=sentence):
        train(tmp_path / "run", *SMALL, *overrides)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def started(monkeypatch):
    """Folders, by the words with which a training started; nothing is trained."""
    monkeypatch.setattr(notebook, "fit", lambda _: None)
    monkeypatch.setattr(
        notebook.session,
        "_held",
        lambda folder, cfg, _: folder.close() or {"steps": cfg.data.steps},
    )
    return train


def test_a_single_crop_is_a_square(tmp_path, started):
    started(tmp_path / "run", *SMALL, "data.crop=32")
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["data"]["crop"] == [
        32,
        32,
    ]


def test_the_digest_of_starting_weights_is_stored(tmp_path, started):
    origin = tmp_path / "origin"
    (origin / "checkpoints").mkdir(parents=True)
    (origin / "config.yaml").write_text("seed: 0\n")
    (origin / "run.json").write_text('{"state": "finished"}')
    (origin / "checkpoints" / "last.ckpt").write_bytes(b"weights")
    started(tmp_path / "run", *SMALL, f"init={origin}")
    init = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["init"]
    assert init["sha256"] == hashlib.sha256(b"weights").hexdigest()
    words = yaml.safe_load((tmp_path / "run" / "overrides.yaml").read_text())
    assert f"init.run={origin}" in words


@pytest.mark.parametrize("name", ["nb's", "run (1)", "a, b", "{x}", "a=b", "null", "1e3"])
def test_a_run_folder_may_have_any_name(tmp_path, name):
    assert configured(tmp_path / name, *SMALL).paths.run == str(tmp_path / name)
