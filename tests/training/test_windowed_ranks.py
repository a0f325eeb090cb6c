"""What each rank is given of large rasters: the parts of one process's batches, also resumed."""

import hashlib
import json
import os

import numpy as np
import pytest
from compositions import composed
from geotiffs import coordinates, write_tiff
from runs import SMALL, fork, fork_ranks, wait

from segadapt.data.module import SegmentationDataModule
from segadapt.experiment import fit, train
from segadapt.training.callbacks.checkpoints import Checkpoints

pytest.importorskip("rasterio")
STEPS, BATCH, HALF, KILLED = 6, 4, 3, 77
TWO = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A raster whose third class lies in one corner, so that few of its parts have pixels of it."""
    root = tmp_path_factory.mktemp("set")
    image, label = coordinates(130, 200)
    label[:] = label > 0
    label[:20, :30] = 2
    for split in ("train", "val"):
        write_tiff(root / split / "images/scene.tif", np.roll(image, len(split), 0))
        write_tiff(root / split / "labels/scene.tif", label)
    (root / "classes.txt").write_text("one\ntwo\nthree\n")
    return root


def config(root, run, *changes):
    words = ["data=folder", f"data.root={root}", "data.windows=64", "data.pretrained=false"]
    words += [f"data.steps={STEPS}", f"data.eval_every={STEPS}", f"data.batch_size={BATCH}"]
    words += ["data.crop=[32,32]", "data.num_workers=1", "data.rare=repeat"]
    words += ["data.rare_threshold=0.9", f"checkpoint_every={HALF}", "classifier=fixed"]
    small = [word for word in SMALL if "data" not in word]
    cfg = composed(*words, *small, *changes)
    cfg.paths.run = str(run)
    run.mkdir(exist_ok=True)
    return cfg


def digest(image, mask):
    return hashlib.sha256(image.numpy().tobytes() + mask.numpy().tobytes()).hexdigest()


def recorded(begin, cfg, file, stop=None):
    """A training that writes down each sample it is given, and may be killed after a step."""

    def run():
        transfer, save = SegmentationDataModule.on_after_batch_transfer, Checkpoints.save

        def noted(self, batch, dataloader_idx):
            batch = transfer(self, batch, dataloader_idx)
            if self.trainer.training:
                samples = zip(batch.name, batch.image, batch.mask, strict=True)
                row = [(name, digest(image, mask)) for name, image, mask in samples]
                with file.open("a") as out:
                    out.write(json.dumps([self.trainer.global_step, row]) + "\n")
            return batch

        def saved(self, trainer):
            save(self, trainer)
            if trainer.global_step == stop:
                os._exit(KILLED)

        SegmentationDataModule.on_after_batch_transfer = noted  # in this process alone
        Checkpoints.save = saved
        begin(cfg)

    return run


def samples(file):
    return dict(map(json.loads, file.read_text().splitlines()))


def joined(folder):
    first, second = samples(folder / "0"), samples(folder / "1")
    assert first.keys() == second.keys()
    return {step: first[step] + second[step] for step in first}


@pytest.mark.slow
def test_two_ranks_share_the_windows_of_one_process_and_resume_with_them(root, tmp_path):
    one, two, resumed = (tmp_path / name for name in ("one", "two", "resumed"))
    assert wait(fork(recorded(train, config(root, one), one / "0"))) == 0
    whole = samples(one / "0")
    assert sorted(whole) == list(range(STEPS))
    assert max(json.loads((one / "class_balance.json").read_text())["repeats"]) > 1
    digests = [d for row in whole.values() for _, d in row]
    assert len(set(digests)) == STEPS * BATCH

    def ranks(folder, stop=None):
        cfg = config(root, folder, *TWO)
        parts = [recorded(fit, cfg, folder / str(rank), stop) for rank in range(2)]
        return [wait(pid, 120) for pid in fork_ranks(parts)]

    assert ranks(two) == [0, 0]
    assert joined(two) == whole
    assert ranks(resumed, HALF) == [KILLED, KILLED]
    assert ranks(resumed) == [0, 0]
    assert joined(resumed) == whole
