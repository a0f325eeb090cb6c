"""Every data yaml builds, and its facts are those of its data sets."""

import pytest
from compositions import composed
from hydra.utils import instantiate
from written import blocks, camvid, picture, write


def build(*overrides):
    cfg = composed(*overrides)
    return cfg.data, instantiate(cfg.data.module)


@pytest.mark.parametrize("name", ["digits", "synthetic"])
def test_data_sets_without_files_build_as_they_are(name):
    facts, module = build(f"data={name}")
    assert len(module.classes) == facts.num_classes
    assert list(module.train[(0, 0)].image.shape) == [3, *facts.crop]
    assert not facts.pretrained


def test_camvid_builds(tmp_path):
    facts, module = build("data=camvid", f"data.root={camvid(tmp_path)}", "data.crop=[32,32]")
    assert len(module.classes) == facts.num_classes == 11
    assert module.train[(0, 0)].image.shape == (3, 32, 32)
    assert module.val[0].image.shape == (3, 40, 56)


def test_folder_builds(tmp_path):
    for split in ("train", "val"):
        write(tmp_path / split / "images" / "a.jpg", picture(40, 60))
        write(tmp_path / split / "labels" / "a.png", blocks(40, 60, 3))
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    where = ["data=folder", f"data.root={tmp_path}", "data.crop=[32,32]", "data.scale=[80,40]"]
    _, module = build(*where, "data.num_classes=3")
    assert module.classes == ("a", "b", "c")
    assert module.train[(0, 0)].image.shape == (3, 32, 32)
    assert module.val[0].image.shape == (3, 40, 60)
    _, named = build(*where, "data.num_classes=4", "data.classes=[k,l,m,n]", "data.ignored=[]")
    assert named.classes == ("k", "l", "m", "n")


@pytest.mark.parametrize("name", ["camvid", "folder"])
def test_the_seed_of_the_run_reaches_order_and_augmentation(name):
    module = composed(f"data={name}", "data.num_classes=2", "seed=7").data.module
    assert module.seed == module.train.seed == 7


@pytest.mark.parametrize("name", ["camvid", "folder", "cityscapes", "coco_stuff164k"])
def test_the_probability_of_mirroring_reaches_the_augmentation(name):
    words = (f"data={name}", "data.num_classes=2")
    assert composed(*words).data.module.train.transform.flip == 0.5
    assert composed(*words, "data.flip=0").data.module.train.transform.flip == 0
