"""The experiments against the recipes that the releases resolve to, field by field."""

import pytest
from experiments import composed, missing, rows
from omegaconf import OmegaConf

from segadapt.cli.hydra_command import CONF

MODELS = {
    "FCN MobileNet-V2": "fcn_mobilenetv2",
    "DeepLabV3+ MobileNet-V2": "deeplabv3plus_mobilenetv2",
    "OCRNet HRNet-W18": "ocrnet_hrnet18",
    "UperNet ResNet-50": "upernet_resnet50",
    "DeepLabV3+ ResNet-50": "deeplabv3plus_resnet50",
    "OCRNet HRNet-W48": "ocrnet_hrnet48",
    "UperNet ResNet-101": "upernet_resnet101",
    "DeepLabV3+ ResNet-101": "deeplabv3plus_resnet101",
    "UperNet Swin-Tiny": "upernet_swin_tiny",
    "UperNet Swin-Base": "upernet_swin_base",
    "UperNet Swin-Large": "upernet_swin_large",
    "UperNet Swin-T": "upernet_swin_tiny",
    "UperNet Swin-L": "upernet_swin_large_window7",
    "UperNet Swin-B (Table 2)": "upernet_swin_base_window7",
    "SegFormer MiT-B5": "segformer_mit_b5",
    "ViT-Adapter-L (UperNet)": "upernet_vit_adapter_large",
    "AFFormer-B": "afformer_base",
    "SeaFormer-B": "seaformer_base",
    "SeaFormer-L": "seaformer_large",
    "SegNeXt-T": "segnext_tiny",
}
DATA = {
    "ADE20K": "ade20k",
    "COCO-Stuff-10K": "coco_stuff10k",
    "PASCAL-Context-59": "pascal_context59",
}
NO_EXPERIMENT = {"CGRSeg-B (README only)", "CGRSeg-L (README only)"}
"""In no table of the papers."""


def experiment(row):
    table = 2 if "Table 2" in row["model"] else 1
    model, data = MODELS[row["model"]], DATA[row["dataset"]]
    return f"{row['paper'].lower()}_table{table}_{model}_{data}_{row['variant']}"


RECIPES = [row for row in rows("recipes") if row["model"] not in NO_EXPERIMENT]

pytestmark = pytest.mark.slow  # a minute of composing

needs_recipes = pytest.mark.skipif(
    not (CONF / "recipe").is_dir(), reason="the networks do not bring their recipes yet"
)


def each(group):
    """Rows and configs in which an option of the group is really there."""
    for row in RECIPES:
        name = experiment(row)
        if group not in missing(name):
            yield name, row, composed()[name]


def numbers(text):
    return [float(word) for word in text.replace("x", " ").split()]


def test_steps_and_interval():
    for name, row, cfg in each("experiment"):
        assert cfg.data.steps == int(row["iterations"]), name
        assert cfg.data.eval_every == int(row["eval_interval"]), name


def test_classifier():
    for name, row, cfg in each("classifier"):
        ours = cfg.classifier
        assert (
            ours._target_.rpartition(".")[2]
            == {
                "baseline": "FixedClassifier",
                "cac": "CACClassifier",
                "ssa": "SSAClassifier",
            }[row["variant"]]
        )
        dropout = 0 if row["head_dropout"] == "none" else float(row["head_dropout"])
        assert ours.dropout == dropout, name
        if row["variant"] != "baseline":
            assert ours.oracle_group == int(row["samples_per_gpu"]), name
        assert int(row["samples_per_gpu"]) * int(row["gpus_for_batch16"]) == 16


def test_data():
    for name, row, cfg in each("data"):
        assert cfg.data.batch_size == 16, name
        assert list(cfg.data.crop) == numbers(row["crop"]), name
        assert cfg.data.num_classes == int(row["num_classes"]), name
        multiple = None if row["test_resize_to_multiple"] == "no" else 32
        assert cfg.data.multiple == multiple, name
        assert list(cfg.data.scale) == numbers(row["train_img_scale"]), name


def test_inference():
    for name, row, cfg in each("data"):
        way, *facts = row["test_mode"].split()
        assert cfg.inference._target_ == f"segadapt.evaluation.inference.methods.{way}", name
        if way == "slide":
            said = {key: numbers(value) for key, value in (fact.split("=") for fact in facts)}
            assert list(cfg.inference.window) == said["crop"], name
            assert list(cfg.inference.stride) == said["stride"], name


def test_auxiliary_head():
    for name, row, cfg in each("model"):
        own = row["auxiliary_head"]
        assert ("auxiliary" in cfg.model) == own.startswith("FCNHead"), name
        if own.startswith("FCNHead"):
            head = cfg.model.auxiliary
            said = f"idx={head.level} ch={head.channels} convs=1 drop={head.dropout}"
            assert said in own, name
        assert cfg.loss.weights.auxiliary == 0.4
        assert own == "none" or own.endswith("w=0.4")


def test_decoder_width_and_drop_path():
    for name, row, cfg in each("model"):
        if "channels" in cfg.model.decoder:
            assert cfg.model.decoder.channels == int(row["head_channels"]), name
        ours = cfg.model.encoder.get("drop_path_rate", cfg.model.encoder.get("drop_path"))
        if ours is not None:
            stated = row["drop_path"].removesuffix(" (code default)")
            assert ours == float(stated), name


@needs_recipes
def test_optimizer():
    for name, row, cfg in each("model"):
        ours = cfg.optimizer
        assert ours._target_ == f"segadapt.training.optim.optimizers.{row['optimizer'].lower()}", (
            name
        )
        assert ours.lr == float(row["lr"]), name
        assert ours.weight_decay == float(row["weight_decay"]), name
        if row["optimizer"] == "SGD":
            assert ours.momentum == float(row["momentum"]), name
        else:
            assert list(ours.betas) == numbers(row["betas"]), name


NOWHERE = {"absolute_pos_embed", "pos_block"}
"""Keys of the releases that are in no parameter's name; SeaFormer's norm neither."""


@needs_recipes
def test_parameter_groups():
    for name, row, cfg in each("model"):
        if "layer_decay_rate" in row["paramwise"]:
            rate = row["paramwise"].split(",")[0].removeprefix("layer_decay_rate=")
            assert cfg.optimizer.layer_decay.rate == float(rate), name
            continue
        stated = {}
        for part in filter(None, row["paramwise"].split("; ")):
            key, factor = part.split(":")
            kind, value = factor.split("=")
            for ours in {"head": ["generator.decoder", "classifier"]}.get(key, [key]):
                if key not in NOWHERE and (key, row["decode_head"][:9]) != ("norm", "LightHead"):
                    stated[ours] = {kind: float(value)}
        found = OmegaConf.to_container(cfg.optimizer.custom_keys)
        assert {key: factors for key, factors in found.items() if factors} == stated, name


@needs_recipes
def test_schedule():
    for name, row, cfg in each("model"):
        ours = cfg.schedule
        assert ours.power == float(row["poly_power"]), name
        assert ours.min_lr == float(row["min_lr"]), name
        assert ours.warmup == (int(row["warmup_iters"]) if row["warmup"] == "linear" else 0), name
        if row["warmup"] == "linear":
            assert ours.warmup_ratio == float(row["warmup_ratio"]), name
            assert ours.reference_steps == int(row["iterations"]), name
