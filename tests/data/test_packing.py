"""Images that travel as uint8 become what the loader's processes would have made, bit for bit."""

from unittest.mock import Mock

import lightning as L
import numpy as np
import pytest
import torch
from geotiffs import raster_set
from written import blocks, camvid, picture, write

from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.digits import Digits
from segadapt.data.datasets.folder import Folder
from segadapt.data.datasets.synthetic import Synthetic
from segadapt.data.datasets.unlabelled import Unlabelled
from segadapt.data.module import SegmentationDataModule
from segadapt.data.packing import PackedBatch, pack, unpacked
from segadapt.data.pipeline import Transform
from segadapt.data.transforms.pipelines import EvalTransform, TrainTransform
from segadapt.data.transport import Transport
from segadapt.evaluation.dataset_pass import one_by_one
from segadapt.structures import Batch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CPU, ELSEWHERE = torch.device("cpu"), torch.device("meta")


def module(train, val, classes=11, device=CPU, step=0, workers=0, **options):
    built = SegmentationDataModule(train, val, classes, 4, workers, 5, 4, **options)
    facts = {"global_step": step, "max_steps": 4, "global_rank": 0, "world_size": 1}
    built.trainer = Mock(spec=L.Trainer, accumulate_grad_batches=1, **facts)
    built.trainer.strategy.root_device = device
    return built


def stream(data):
    """Batches as they leave the loader, and as the network sees them."""
    for loader in (data.train_dataloader(), data.val_dataloader()):
        for batch in loader:
            yield batch, data.on_after_batch_transfer(batch, 0)


def compare(packed, plain, padded=True):
    """Equal numbers of the network's input; all that travel for it are a quarter of the bytes."""
    both = list(zip(stream(packed), stream(plain), strict=True))
    for (sent, seen), (whole, expected) in both:
        assert isinstance(sent, PackedBatch)
        assert sent.image.dtype == torch.uint8
        assert sent.image.nbytes * 4 == whole.image.nbytes
        assert torch.equal(seen.image, expected.image)
        assert seen.image.stride() == expected.image.stride()
        assert torch.equal(seen.mask, expected.mask)
        assert seen.name == expected.name
    assert padded == any(
        (sent.size != torch.tensor(sent.image.shape[1:3])).any() for (sent, _), _ in both
    )
    return [seen for (_, seen), _ in both]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return camvid(tmp_path_factory.mktemp("camvid"))


@pytest.fixture
def build(root):
    def build(scale=(40, 32), **options):
        train = CamVid(root, "train", TrainTransform((24, 24), scale), seed=5)
        return module(train, CamVid(root, "val", EvalTransform()), **options)

    return build


def test_batches_have_the_same_bits(build):
    """Crops that are filled up among them: the mean colour is none of the 256 levels."""
    seen = compare(build(packed=True), build(packed=False))
    assert len({batch.image.shape for batch in seen}) == 2  # those of the validation are larger
    compare(build(scale=(112, 96), packed=True), build(scale=(112, 96), packed=False), padded=False)


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker:UserWarning")
def test_neither_workers_nor_a_resumption_change_them(build):
    whole = [seen for _, seen in stream(build(packed=True))]
    rest = [seen for _, seen in stream(build(packed=True, workers=2, step=3))]
    assert len(rest) == len(whole) - 3
    for one, other in zip(rest, whole[3:], strict=True):
        assert torch.equal(one.image, other.image)
        assert one.name == other.name


def test_values_are_those_of_double_precision():
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    packed, size = pack(image, (20, 17))
    batch = PackedBatch(packed[None], size[None], torch.zeros(1, 20, 17), ["a"])
    levels = torch.from_numpy(EvalTransform().levels)
    found = unpacked(batch, levels).image[0].numpy().transpose(1, 2, 0)
    exact = (image.astype(np.float64) / 255 - MEAN) / STD
    assert (np.abs(found[:16, :16] - exact) <= np.spacing(np.abs(exact).astype(np.float32))).all()
    assert not found[16:].any()
    assert not found[:, 16:].any()


@pytest.mark.parametrize("channels", [1, 5])
def test_own_channels_and_statistics(tmp_path, channels):
    colours = {"mean": [0.1 * (c + 1) for c in range(channels)], "std": [0.3] * channels}
    for split in ("train", "val"):
        for item in range(3):
            planes = [picture(30, 40, item + 7 * c)[..., :1] for c in range(channels)]
            file = tmp_path / split / "images" / f"{item}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, np.concatenate(planes, 2))
            write(tmp_path / split / "labels" / f"{item}.png", blocks(30, 40, 2, item))

    def build(packed):
        sets = [
            Folder(tmp_path, split, transform, ["a", "b"], "", channels=channels)
            for split, transform in {
                "train": TrainTransform((32, 32), (40, 30), **colours),
                "val": EvalTransform(multiple=32, **colours),
            }.items()
        ]
        return module(*sets, classes=2, packed=packed)

    compare(build(True), build(False))


def test_a_device_that_is_not_the_cpu_normalises_by_itself(build):
    data = build(device=ELSEWHERE)
    for batch in data.train_dataloader():
        assert isinstance(batch, PackedBatch)
        moved = batch._replace(**{name: getattr(batch, name).to("meta") for name in FIELDS})
        seen = data.on_after_batch_transfer(
            moved, 0
        )  # no operation waits for values: there are none
        assert seen.image.shape == (4, 3, 24, 24)
        assert seen.image.dtype == torch.float32
        assert seen.mask.dtype == torch.int64


FIELDS = ("image", "size", "mask")


def evaluation_sets(root):
    """What an evaluation loads: labelled images, and those to submit."""
    labelled = CamVid(root, "val", EvalTransform((40, 32)))
    files = [pair.image for pair in labelled.files]
    return labelled, Unlabelled(CamVid, root, files, EvalTransform(multiple=32))


def test_an_evaluation_sees_the_same_bits_of_both(root):
    for dataset in evaluation_sets(root):
        packed, plain = Transport([dataset], packed=True), Transport([dataset])
        loader = packed.loader(dataset, CPU, 0)
        assert all(batch.image.dtype == torch.uint8 for batch in loader)
        both = zip(packed.moved(loader, CPU), one_by_one(dataset, 0, CPU), strict=True)
        for number, (one, other) in enumerate(both):
            assert torch.equal(one.image, other.image)
            assert torch.equal(one.image[0], dataset[number].image)
            assert torch.equal(one.mask, other.mask)
            assert one.name == other.name
        assert not plain.packs(CPU)


@pytest.fixture
def unpacked_batches(monkeypatch):
    """Batches as they arrive on a device."""
    moved, unpack = [], Transport.unpacked

    def unpacked(transport, batch):
        moved.append(batch)
        return unpack(transport, batch)

    monkeypatch.setattr(Transport, "unpacked", unpacked)
    return moved


def test_what_an_evaluation_moves_to_a_device_is_uint8(root, unpacked_batches):
    for dataset in evaluation_sets(root):
        seen = list(one_by_one(dataset, 0, ELSEWHERE))
        assert len(seen) == len(dataset)
        for batch in seen:
            assert batch.image.device == batch.mask.device == ELSEWHERE
            assert batch.image.dtype == torch.float32
    arrived = {(type(batch), batch.image.dtype) for batch in unpacked_batches}
    assert arrived == {(PackedBatch, torch.uint8)}


def test_single_samples_have_the_same_bits_and_travel_as_uint8(build, unpacked_batches):
    """Cached features and panels take single ones, with the augmentation of their number."""
    dataset = build().train
    for key in ((7, 1), (3, 0), 2):
        sent = Transport([dataset], packed=True).one(dataset, key, CPU)
        assert type(unpacked_batches[-1]) is PackedBatch
        whole = Transport([dataset]).one(dataset, key, CPU)
        assert type(unpacked_batches[-1]) is Batch
        for seen in (sent, whole):
            assert torch.equal(seen.image[0], dataset[key].image)
            assert torch.equal(seen.mask[0], dataset[key].mask)
            assert list(seen.name) == [dataset[key].name]
        assert Transport([dataset]).one(dataset, key, ELSEWHERE).image.device == ELSEWHERE
        assert type(unpacked_batches[-1]) is PackedBatch


class Plain(Transform):
    """Gives the image as it is, without a table."""

    def __call__(self, image, mask, generator):
        return torch.from_numpy(image).permute(2, 0, 1) / 255, torch.from_numpy(mask)


def test_a_transform_of_ones_own_needs_no_table(root):
    data = CamVid(root, "val", Plain())
    (first, *_) = one_by_one(data, 0, ELSEWHERE)
    assert data.levels is None
    assert first.image.dtype == torch.float32


def test_windows_of_rasters_travel_with_8_bits(tmp_path):
    pytest.importorskip("rasterio")
    raster_set(tmp_path, 100, 130)

    def build(packed):
        def part(split, transform):
            return Folder(tmp_path, split, transform, None, tmp_path / "classes.txt", windows=64)

        train = part("train", TrainTransform((48, 64), (2048, 512)))
        val = part("val", EvalTransform((2048, 512)))
        return module(train, val, classes=len(train.classes), packed=packed)

    seen = compare(build(True), build(False), padded=False)
    assert any(batch.name[0].endswith("]") for batch in seen)


@pytest.mark.parametrize("options", [{}, {"device": ELSEWHERE, "packed": False}])
def test_elsewhere_the_processes_of_the_loader_do(build, options):
    assert all(sent.image.dtype == torch.float32 for sent, _ in stream(build(**options)))


def test_images_that_are_not_made_of_256_levels_travel_as_they_are(tmp_path):
    for split in ("train", "val"):
        wide = picture(30, 40).astype(np.uint16) * 200
        write(tmp_path / split / "labels" / "a.png", blocks(30, 40, 2))
        (tmp_path / split / "images").mkdir()
        np.save(tmp_path / split / "images" / "a.npy", wide)
    options = {"depth": 16, "limits": (0, 65535)}
    deep = [
        Folder(tmp_path, split, EvalTransform(), ["a", "b"], "", **options)
        for split in ("train", "val")
    ]
    digits = [Digits(split, 4, 64) for split in ("train", "val")]
    noise = [Synthetic(3, 16, 4), Synthetic(3, 16, 4)]
    for sets, classes in ((deep, 2), (digits, 11), (noise, 3)):
        data = module(*sets, classes=classes, device=ELSEWHERE)
        assert all(sent.image.dtype == torch.float32 for sent, _ in stream(data))


def test_statistics_of_other_channels_are_refused_here_too(root):
    grey = {"mean": [0.5], "std": [0.2]}
    sets = [
        CamVid(root, "train", TrainTransform((24, 24), (40, 32), **grey)),
        CamVid(root, "val", EvalTransform(**grey)),
    ]
    for data in sets:
        with pytest.raises(ValueError, match=r"images have 3 channels, but data\.mean"):
            data.packed((0, 0))


def test_sets_that_are_normalised_differently_travel_as_they_are(root):
    sets = [
        CamVid(root, split, EvalTransform(mean=(value,) * 3, std=(0.2,) * 3))
        for split, value in (("train", 0.4), ("val", 0.5))
    ]
    data = module(*sets, packed=True)
    assert all(sent.image.dtype == torch.float32 for sent, _ in stream(data))


class Recorder(L.LightningModule):
    """Keeps what the network would see, by stage."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = []

    def training_step(self, batch, _):
        self.seen.append(batch)
        return self.weight * batch.image.mean()

    def validation_step(self, batch, _):
        self.seen.append(batch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.filterwarnings("ignore::lightning.pytorch.utilities.warnings.PossibleUserWarning")
def test_what_lightning_moves_to_the_device_is_uint8(build, monkeypatch):
    moved = []

    def transfer(batch, device, dataloader_idx):
        moved.append(batch)
        return L.LightningDataModule.transfer_batch_to_device(data, batch, device, dataloader_idx)

    def trained(data):
        task = Recorder()
        silent = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
        real = L.Trainer(
            max_steps=4,
            accelerator="cpu",
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            **dict.fromkeys(silent, False),
        )
        real.fit(task, datamodule=data)
        return task.seen

    expected, data = trained(build(packed=False)), build(packed=True)
    monkeypatch.setattr(data, "transfer_batch_to_device", transfer)
    seen = trained(data)
    assert len(seen) == len(expected) == len(moved) == 9  # 4 steps and 5 validation images
    assert {(type(batch), batch.image.dtype) for batch in moved} == {(PackedBatch, torch.uint8)}
    for one, other in zip(seen, expected, strict=True):
        assert torch.equal(one.image, other.image)
        assert torch.equal(one.mask, other.mask)


@pytest.mark.gpu
def test_a_gpu_normalises_to_the_same_bits_without_waiting(build):
    device = torch.device("cuda", 0)
    data, plain = build(device=device), build(packed=False)
    both = zip(data.train_dataloader(), stream(plain), strict=False)  # the training batches
    for number, (batch, (_, expected)) in enumerate(both):
        assert batch.image.is_pinned()
        moved = data.transfer_batch_to_device(batch, device, 0)
        torch.cuda.set_sync_debug_mode("error" if number else "default")  # the table has come
        try:
            seen = data.on_after_batch_transfer(moved, 0)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert torch.equal(seen.image.cpu(), expected.image)
        assert torch.equal(seen.mask.cpu(), expected.mask)
