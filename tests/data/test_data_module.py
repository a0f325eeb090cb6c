from unittest.mock import Mock

import lightning as L
import pytest
import torch
from written import camvid

from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.synthetic import Synthetic
from segadapt.data.module import SegmentationDataModule
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform


def trainer(**changed):
    """What a data module reads of a trainer."""
    facts = {"global_step": 0, "max_steps": 4, "global_rank": 0, "world_size": 1}
    facts |= {"accumulate_grad_batches": 1, **changed}
    mock = Mock(spec=L.Trainer, **facts)
    mock.strategy.root_device = torch.device("cpu")
    return mock


@pytest.fixture
def build(tmp_path):
    root = camvid(tmp_path)

    def build(num_workers=0, batch_size=8, steps=4, **facts):
        train = CamVid(root, "train", TrainTransform((24, 24), (40, 32)), seed=5)
        val = CamVid(root, "val", EvalTransform())
        module = SegmentationDataModule(train, val, 11, batch_size, num_workers, 5, steps)
        module.trainer = trainer(**facts)
        return module

    return build


def identical(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a.image, b.image)
        assert torch.equal(a.mask, b.mask)
        assert a.name == b.name
        assert a.image.stride() == b.image.stride()


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker:UserWarning")
@pytest.mark.parametrize("num_workers", [1, 2, 4])
def test_batches_do_not_depend_on_workers(build, num_workers):
    alone = list(build().train_dataloader())
    identical(list(build(num_workers).train_dataloader()), alone)
    assert len(alone) == 4
    assert not torch.equal(alone[0].image, alone[1].image)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_ranks_joined_see_the_batches_of_one_process(build, accumulate):
    alone = list(build(accumulate_grad_batches=accumulate).train_dataloader())
    ranks = [
        build(global_rank=r, world_size=2, accumulate_grad_batches=accumulate).train_dataloader()
        for r in range(2)
    ]
    joined = [
        type(a)(torch.cat([a.image, b.image]), torch.cat([a.mask, b.mask]), a.name + b.name)
        for a, b in zip(*ranks, strict=True)
    ]
    identical(joined, alone)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_resumed_run_goes_on_with_the_next_batch(build, num_workers):
    whole = list(build().train_dataloader())
    identical(list(build(num_workers, global_step=3).train_dataloader()), whole[3:])


def test_accumulated_batches_joined_are_one_batch(build):
    whole = list(build().train_dataloader())
    parts = list(build(accumulate_grad_batches=4).train_dataloader())
    for step, batch in enumerate(whole):
        images = torch.cat([part.image for part in parts[4 * step : 4 * step + 4]])
        assert torch.equal(images, batch.image)


def test_validation_images_are_shared_without_duplicate(build):
    names = [
        batch.name[0]
        for rank in range(3)
        for batch in build(global_rank=rank, world_size=3).val_dataloader()
    ]
    assert sorted(names) == [f"val/frame{i}.png" for i in range(5)]


def test_ranks_beyond_the_last_image_get_one_batch_of_none(build):
    shards = [list(build(global_rank=rank, world_size=7).val_dataloader()) for rank in range(7)]
    assert [len(shard) for shard in shards] == [1] * 7
    assert [len(batch.name) for (batch,) in shards] == [1] * 5 + [0] * 2
    assert [len(batch.image) for (batch,) in shards] == [1] * 5 + [0] * 2


def test_class_count_of_network_and_data_must_agree():
    data = Synthetic(5, 16, 4)
    with pytest.raises(ValueError, match=r"num_classes=7, but .* 5 classes; set data"):
        SegmentationDataModule(data, data, 7, 2, 0, 0, 1)
    with pytest.raises(ValueError, match="name different classes"):
        SegmentationDataModule(data, Synthetic(6, 16, 4), 5, 2, 0, 0, 1)


@pytest.mark.parametrize("max_steps", [5, -1])
def test_a_trainer_that_goes_on_for_longer_is_refused(build, max_steps):
    with pytest.raises(ValueError, match=rf"max_steps={max_steps}, but .* data.steps=4"):
        build(max_steps=max_steps).train_dataloader()


class Recorder(L.LightningModule):
    """Keeps what the trainer hands out."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen, self.evaluated = [], []

    def training_step(self, batch, _):
        assert batch.mask.dtype == torch.int64
        self.seen.append(batch)
        return self.weight * batch.image.mean()

    def validation_step(self, batch, _):
        assert batch.mask.dtype == torch.int64
        self.evaluated += batch.name

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.filterwarnings("ignore::lightning.pytorch.utilities.warnings.PossibleUserWarning")
def test_a_real_trainer_sees_the_stream(build):
    module, task = build(num_workers=1), Recorder()
    real = L.Trainer(
        max_steps=4,
        accumulate_grad_batches=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    real.fit(task, datamodule=module)
    expected = list(build(accumulate_grad_batches=2).train_dataloader())
    assert [batch.name for batch in task.seen] == [batch.name for batch in expected]
    assert all(torch.equal(a.image, b.image) for a, b in zip(task.seen, expected, strict=True))
    assert task.evaluated == [f"val/frame{i}.png" for i in range(5)]
    assert module.classes == CamVid.classes
