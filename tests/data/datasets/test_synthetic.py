import torch

from segadapt.data.datasets.synthetic import Synthetic


def test_sample_is_a_function_of_the_item():
    dataset = Synthetic(num_classes=4, size=32, length=6)
    by_item, by_key, other = dataset[3], dataset[(99, 3)], dataset[4]
    assert torch.equal(by_item.image, by_key.image)
    assert torch.equal(by_item.mask, by_key.mask)
    assert not torch.equal(by_item.image, other.image)


def test_labels_are_its_classes():
    dataset = Synthetic(num_classes=4, size=32, length=6)
    assert len(dataset.classes) == 4
    assert set(torch.cat([dataset[i].mask.unique() for i in range(6)]).tolist()) == {0, 1, 2, 3}
