import hashlib
import pickle
import random

import pytest
import torch
from toy import CLASSES, Pooled

from segadapt.classifiers.fixed import FixedClassifier
from segadapt.evaluation.trained import read_run_weights, with_weights
from segadapt.runs import checkpoint
from segadapt.runs.checkpoint import write
from segadapt.segmentor import Segmentor


@pytest.fixture
def model():
    return Segmentor(Pooled(), FixedClassifier, CLASSES)


@pytest.fixture
def file(model, tmp_path):
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors["objective.something"] = torch.zeros(1)
    torch.save({"state_dict": tensors, "global_step": 7}, tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


def test_weights_come_back_as_they_were(model, file):
    weights = read_run_weights(file)
    other = with_weights(Segmentor(Pooled(), FixedClassifier, CLASSES), weights)
    for name, value in other.state_dict().items():
        assert value.equal(model.state_dict()[name])
    assert weights.step == 7
    assert weights.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_beside_a_training_the_digest_is_that_of_the_tensors(tmp_path, model, monkeypatch):
    """Another checkpoint takes the name between any two operations of the reader."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    path, digests, saving = tmp_path / "last.ckpt", {}, []

    def save(step):
        saving.append(step)
        write({"state_dict": tensors, "global_step": step}, path)
        digests[step] = hashlib.sha256(path.read_bytes()).hexdigest()
        saving.clear()

    def overtaken(operation, once):
        def act(*arguments, **options):
            if not once or saving:
                return operation(*arguments, **options)
            save(once.pop())
            found = operation(*arguments, **options)
            save(once.pop())
            return found

        return act

    for name in ("_read_digests", "_sum", "check_archive", "_parse", "named_tensors"):
        save(0)
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, name, overtaken(getattr(checkpoint, name), [2, 1]))
            weights = read_run_weights(path)
        assert weights.sha256 == digests[weights.step], name
        assert digests[2] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_weights_of_another_network_are_refused(file):
    with pytest.raises(
        ValueError, match=r"another network .* 2 weights differ, such as classifier"
    ):
        with_weights(Segmentor(Pooled(), FixedClassifier, CLASSES + 1), read_run_weights(file))


def test_a_pickle_that_would_run_code_does_not(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    file = tmp_path / "evil.ckpt"
    with file.open("wb") as out:
        pickle.dump({"state_dict": Evil()}, out, protocol=2)
    torch.save({"state_dict": {}, "global_step": Evil()}, tmp_path / "worse.ckpt")
    for evil in (file, tmp_path / "worse.ckpt"):
        with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
            read_run_weights(evil)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("seed", range(20))
def test_a_shortened_file_is_refused_by_name(file, seed):
    content = file.read_bytes()
    file.write_bytes(content[: random.Random(seed).randrange(len(content))])
    with pytest.raises(ValueError, match=r"last\.ckpt cannot be read as a checkpoint"):
        read_run_weights(file)
