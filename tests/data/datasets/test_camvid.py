import pytest
from written import camvid

from segadapt.data.datasets.camvid import CamVid
from segadapt.data.transforms.pipelines import EvalTransform


def test_splits_are_read_whole_and_in_order(tmp_path):
    camvid(tmp_path, images=3)
    dataset = CamVid(tmp_path, "train", EvalTransform())
    assert [dataset[i].name for i in range(len(dataset))] == [
        f"train/frame{i}.png" for i in range(3)
    ]


def test_images_may_be_jpegs(tmp_path):
    camvid(tmp_path, images=2)
    (tmp_path / "val/frame0.png").rename(tmp_path / "val/frame0.bmp")
    assert len(CamVid(tmp_path, "val", EvalTransform())) == 2


def test_there_are_11_classes_and_void_is_ignored(tmp_path):
    camvid(tmp_path, images=4)
    dataset = CamVid(tmp_path, "val", EvalTransform())
    assert len(dataset.classes) == len(set(dataset.classes)) == 11
    assert len(set(dataset.palette)) == 11
    labels = {k for i in range(4) for k in dataset[i].mask.unique().tolist()}
    assert labels == {*range(11), 255}


def test_a_missing_split_is_named(tmp_path):
    camvid(tmp_path, images=1)
    with pytest.raises(ValueError, match=r"folder not found: .*/test; set data\.root"):
        CamVid(tmp_path, "test", EvalTransform())
