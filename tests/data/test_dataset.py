import numpy as np
import pytest
import torch
from written import blocks, camvid, picture, write

from segadapt.data.datasets.camvid import CamVid
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform


@pytest.fixture
def root(tmp_path):
    return camvid(tmp_path / "camvid")


def train_set(root, seed=0):
    return CamVid(root, "train", TrainTransform((32, 32), (48, 40)), seed)


def test_sample_holds_the_transformed_files(root):
    sample = CamVid(root, "val", EvalTransform())[2]
    assert sample.name == "val/frame2.png"
    raw = blocks(40, 56, 12, seed=2)
    np.testing.assert_array_equal(sample.mask, np.where(raw == 11, 255, raw))
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    expected = (picture(40, 56, seed=2) - mean) / std
    np.testing.assert_allclose(sample.image, expected.transpose(2, 0, 1), atol=1e-5)


def test_augmentation_is_a_function_of_seed_and_global_index(root):
    one, other = train_set(root, seed=3), train_set(root, seed=3)
    other[(5, 0)]  # whatever was loaded before
    same = one[(17, 2)], other[(17, 2)]
    assert torch.equal(same[0].image, same[1].image)
    assert torch.equal(same[0].mask, same[1].mask)
    assert not torch.equal(one[(18, 2)].image, same[0].image)
    assert not torch.equal(train_set(root, seed=4)[(17, 2)].image, same[0].image)


def test_an_item_alone_is_always_the_same(root):
    dataset = train_set(root)
    assert torch.equal(dataset[1].image, dataset[(1, 1)].image)


def test_sizes_that_differ_are_named(root):
    write(root / "valannot/frame1.png", blocks(40, 48, 3))
    with pytest.raises(ValueError, match=r"frame1\.png has 40 x 56 pixels, but .* has 40 x 48;"):
        CamVid(root, "val", EvalTransform())[1]


def test_labels_out_of_range_are_named(root):
    label = blocks(40, 56, 3)
    label[:2, :2] = 40
    write(root / "valannot/frame1.png", label)
    with pytest.raises(ValueError, match=r"valannot/frame1\.png holds 40 on 4 pixels"):
        CamVid(root, "val", EvalTransform())[1]


def test_images_with_every_pixel_ignored_pass(root):
    write(root / "trainannot/frame0.png", np.full((40, 56), 11, np.uint8))
    assert (train_set(root)[(0, 0)].mask == 255).all()


def test_broken_images_are_named(root):
    file = root / "val/frame0.png"
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"val/frame0\.png is truncated"):
        CamVid(root, "val", EvalTransform())[0]


def test_classes_and_label_contract_must_agree(root):
    class Short(CamVid):
        labels = LabelContract(LabelTable.consecutive(tuple("abcdefghi")))

    with pytest.raises(ValueError, match="11 class names, but labels for 9 classes"):
        Short(root, "val", EvalTransform())
