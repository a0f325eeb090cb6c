"""UPerNet Swin-T compared with the maintained port of mmsegmentation, and our Swin with timm's.

Run it by ``segadapt benchmark port [repeats=10] [batch=2] [side=512] [threads=2]``. Needs
onedl-mmsegmentation, mmcv-lite, mmengine, ftfy and regex, best in an environment of their own. Same
weights and images, in turns and in one process; ratios are taken within each round. The same
command continues an interrupted run.
"""

import importlib
import importlib.util
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import timm
import torch
import torch.nn.functional as F
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.kept import kept_by
from benchmarks.harness.presentation import timing
from hydra import compose, initialize_config_dir
from torch import Tensor, nn

from segadapt.analysis.cost.timing import Action, Timing, alternate
from segadapt.cli.hydra_command import CONF
from segadapt.experiment import build_task
from segadapt.models.conversion.convert import convert
from segadapt.models.conversion.plan import plan
from segadapt.models.encoders.timm_patches.families import ANY_WINDOW
from segadapt.segmentor import Segmentor

CLASSES: Final = 150
CONFIGS: Final = {
    "upernet_swin": "swin/swin-tiny-patch4-window7-in1k-pre_upernet_8xb2-160k_ade20k-512x512",
    "upernet_resnet50": "upernet/upernet_r50_4xb4-160k_ade20k-512x512",
    "segformer_mit_b0": "segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512",
    "fcn_resnet101": "fcn/fcn_r101-d8_4xb4-160k_ade20k-512x512",
    "fcn_mobilenetv2": "mobilenet_v2/mobilenet-v2-d8_fcn_4xb4-160k_ade20k-512x512",
    "deeplabv3plus_mobilenetv2": (
        "mobilenet_v2/mobilenet-v2-d8_deeplabv3plus_4xb4-160k_ade20k-512x512"
    ),
    "ocrnet_hrnet18": "ocrnet/ocrnet_hr18_4xb4-160k_ade20k-512x512",
    "segnext_tiny": "segnext/segnext_mscan-t_1xb16-adamw-160k_ade20k-512x512",
    "segnext_base": "segnext/segnext_mscan-b_1xb16-adamw-160k_ade20k-512x512",
    "segnext_large": "segnext/segnext_mscan-l_1xb16-adamw-160k_ade20k-512x512",
}
"""The port's config of each of our networks."""

RANK: Final = {"segnext_base": 16, "segnext_large": 16}
"""Rank of LightHam in the port; ours is that of SegNeXt's authors."""


def port_network(model: str) -> nn.Module:
    """The port's network, with random weights away from their trivial start."""
    mmseg: Any = importlib.import_module("mmseg")
    importlib.import_module("mmseg.utils").register_all_modules(init_default_scope=True)
    config: Any = importlib.import_module("mmengine.config").Config
    registry: Any = importlib.import_module("mmseg.registry")
    folder = Path(mmseg.__file__).parent / ".mim" / "configs"
    wanted = config.fromfile(str(folder / f"{CONFIGS[model]}.py")).model
    _localise(wanted)
    wanted.pop("pretrained", None)
    wanted.data_preprocessor = None
    network = registry.MODELS.build(wanted)
    _perturb(network)
    return network


def our_network(model: str, port: nn.Module) -> Segmentor:
    """Ours with the port's weights.

    Raises:
        ValueError: If one of its tensors has no place.
    """
    words = ["data=synthetic", f"data.num_classes={CLASSES}", f"model={model}", "classifier=fixed"]
    words += [f"model.decoder.rank={RANK[model]}"] if model in RANK else []
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [*words, "paths.run=runs/port"])
    network, origin = build_task(cfg).model, Path(model)
    rules = plan(cfg.model, model, "fixed")
    converted = convert(port.state_dict(), rules, network.state_dict(), origin)
    if converted.unused:
        raise ValueError(f"{model}: {converted.unused[0]} of the port has no place")
    network.load_state_dict(converted.tensors)
    return network


class Round(NamedTuple):
    """Actions that take turns: ours, the reference, and the allowed fraction of its time."""

    name: str
    ours: Action
    other: Action
    training: bool
    goal: float


def main(words: Sequence[str]) -> None:
    """Time inference and training step.

    Raises:
        ValueError: If the port is not installed.
    """
    repeats, batch, side, threads = numbers_of(words, repeats=10, batch=2, side=512, threads=2)
    if not installed():
        raise ValueError(
            "the port is not installed here: pip install onedl-mmsegmentation mmcv-lite mmengine "
            "ftfy regex"
        )
    torch.set_num_threads(threads)
    goals: list[Goal] = []
    details: dict[str, Any] = {}
    pairs = rounds(batch, side)
    kept = kept_by("port", len(pairs), repeats=repeats, batch=batch, side=side, threads=threads)
    for pair in pairs:
        times = details[pair.name] = kept.get(pair.name, partial(compared, pair, repeats), _shown)
        for kind in Timing._fields:
            share = times["ours"][kind]["ratio"]["median"]
            goals.append(Goal(f"{pair.name}, {kind} time", share, pair.goal))
    title = (
        f"ours / other, {side}x{side}, inference of 1 image, training of {batch}, {threads} "
        f"threads; medians of {repeats} alternating rounds"
    )
    publish("port", title, goals, details)
    kept.finish()


def installed() -> bool:
    """Whether the port can be imported."""
    return importlib.util.find_spec("mmseg") is not None


def compared(pair: Round, repeats: int) -> dict[str, Any]:
    """All rounds of both, for the file."""
    with torch.set_grad_enabled(pair.training):
        times = alternate({"ours": pair.ours, "other": pair.other}, repeats)
    other = times["other"]
    return {"ours": timing(times["ours"], other), "other": timing(other, None)}


def _shown(times: dict[str, Any]) -> str:
    return f"ours / other {times['ours']['wall']['ratio']['median']:.2f}"


def rounds(batch: int, side: int) -> list[Round]:
    """Both networks and both encoders, in inference and in training; ours in channels-last."""
    theirs = port_network("upernet_swin")
    ours = our_network("upernet_swin", theirs).to(memory_format=torch.channels_last)
    encoder_of_ours: Any = ours.generator.encoder
    swin, timms = encoder_of_ours.body, timm_swin()
    timms.load_state_dict(swin.state_dict())
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(batch, 3, side, side, generator=draw)
    mask = torch.randint(CLASSES, (batch, side, side), generator=draw)
    last = image.contiguous(memory_format=torch.channels_last)
    network = (lambda: _our_step(ours, last, mask), lambda: _port_step(theirs, image, mask))
    encoder = (lambda: _encode(swin, last), lambda: _encode(timms, last))
    for part in (theirs, ours, timms):
        part.train()
    return [
        Round("training step, port", *network, True, 0.9),
        Round("training step, timm's Swin", *encoder, True, 1.0),
        Round("inference, port", _scores(ours, last), _port_scores(theirs, image), False, 0.8),
        Round("inference, timm's Swin", _maps(swin, last), _maps(timms, last), False, 1.0),
    ]


def timm_swin() -> nn.Module:
    """The Swin-T of timm itself, as a pyramid for images of any size."""
    options: dict[str, Any] = {"drop_path_rate": 0.3, **ANY_WINDOW}
    return timm.create_model("swin_tiny_patch4_window7_224", features_only=True, **options)


def _our_step(network: Segmentor, image: Tensor, mask: Tensor) -> None:
    _step(network, _our_logits(network, image, mask), mask)


def _port_step(network: nn.Module, image: Tensor, mask: Tensor) -> None:
    _step(network, _port_logits(network, image), mask)


def _encode(network: nn.Module, image: Tensor) -> None:
    """Forward and backward of a pyramid."""
    network.zero_grad(set_to_none=True)
    sum(level.square().mean() for level in network(image)).backward()


def _scores(network: Segmentor, image: Tensor) -> Action:
    return lambda: network.eval()(image[:1]).student.logits


def _port_scores(network: nn.Module, image: Tensor) -> Action:
    return lambda: network.eval()(image[:1], mode="tensor")


def _maps(network: nn.Module, image: Tensor) -> Action:
    return lambda: network.eval()(image[:1])


def _step(network: nn.Module, logits: tuple[Tensor, Tensor], mask: Tensor) -> None:
    """Cross-entropy at full resolution of both heads, and gradients; the same for both networks."""
    network.zero_grad(set_to_none=True)
    main_scores, auxiliary = (
        F.interpolate(scores, mask.shape[1:], mode="bilinear") for scores in logits
    )
    loss = F.cross_entropy(main_scores, mask) + 0.4 * F.cross_entropy(auxiliary, mask)
    loss.backward()


def _port_logits(network: Any, image: Tensor) -> tuple[Tensor, Tensor]:
    maps = network.extract_feat(image)
    return network.decode_head(maps), network.auxiliary_head(maps)


def _our_logits(network: Segmentor, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    prediction = network(image, mask)
    assert prediction.auxiliary is not None
    return prediction.student.logits, prediction.auxiliary.logits


def _localise(node: Any) -> None:
    """No downloads, and batch norm that runs in one process."""
    if isinstance(node, dict):
        node.pop("init_cfg", None)
        if node.get("type") == "SyncBN":
            node["type"] = "BN"
        for value in node.values():
            _localise(value)
    elif isinstance(node, list):
        for value in node:
            _localise(value)


def _perturb(network: nn.Module) -> None:
    """Give statistics, norms, biases, tables and the classifier values that a mix-up would show."""
    generator = torch.Generator().manual_seed(0)

    def noise(value: Tensor) -> Tensor:
        return 0.1 * torch.randn(value.shape, generator=generator)

    with torch.no_grad():
        for name, value in network.named_buffers():
            if name.endswith("running_mean"):
                value.copy_(noise(value))
            elif name.endswith("running_var"):
                value.copy_(1 + noise(value).abs())
        for name, parameter in network.named_parameters():
            if parameter.ndim == 1 or "bias_table" in name or "conv_seg" in name:
                parameter.add_(noise(parameter))
