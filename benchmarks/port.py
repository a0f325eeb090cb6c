"""UPerNet Swin-T beside the maintained port of mmsegmentation: python scripts/benchmark.py port.

Needs onedl-mmsegmentation, mmcv-lite, mmengine, ftfy and regex, best in an environment of their
own. Same weights, same image, alternating repeats in one process; prints the median and the ratio.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from torch import Tensor, nn

from segadapt.cli import CONF
from segadapt.conversion.convert import convert
from segadapt.conversion.plan import plan
from segadapt.experiment import build_task
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
}
"""Our networks and the port's configs of the same."""


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
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [*words, "paths.run=runs/port"])
    network, origin = build_task(cfg).model, Path(model)
    rules = plan(cfg.model, model, "fixed")
    found = convert(port.state_dict(), rules, network.state_dict(), origin)
    if found.unused:
        raise ValueError(f"{model}: {found.unused[0]} of the port has no place")
    network.load_state_dict(found.tensors)
    return network


def main(words: Sequence[str]) -> None:
    """Time inference and training step at 512x512.

    Raises:
        ValueError: If the port is not installed, or words are no repeats=N and batch=N.
    """
    if importlib.util.find_spec("mmseg") is None:
        raise ValueError(
            "the port is not installed here: pip install onedl-mmsegmentation mmcv-lite mmengine "
            "ftfy regex"
        )
    options = dict(word.partition("=")[::2] for word in words)
    if odd := sorted(options.keys() - {"repeats", "batch"}):
        raise ValueError(f"no option {odd[0]!r}; there are repeats=N and batch=N")
    repeats, batch = int(options.get("repeats", 10)), int(options.get("batch", 2))
    theirs = port_network("upernet_swin")
    ours = our_network("upernet_swin", theirs)
    image = torch.randn(batch, 3, 512, 512, generator=torch.Generator().manual_seed(0))
    mask = torch.randint(CLASSES, (batch, 512, 512), generator=torch.Generator().manual_seed(0))
    single, last = image[:1], image.contiguous(memory_format=torch.channels_last)
    ours = ours.to(memory_format=torch.channels_last)
    contiguous = single.contiguous(memory_format=torch.channels_last)
    inference: Mapping[str, Callable[[], Any]] = {
        "port": lambda: theirs(single, mode="tensor"),
        "ours": lambda: ours(contiguous).student.logits,
    }
    report("inference, 1 image", _timed(inference, repeats, (theirs.eval(), ours.eval())))
    step: Mapping[str, Callable[[], Any]] = {
        "port": lambda: _step(theirs, _port_logits(theirs, image), mask),
        "ours": lambda: _step(ours, _our_logits(ours, last, mask), mask),
    }
    report(f"training step, {batch} images", _timed(step, repeats, (theirs.train(), ours.train())))


def report(title: str, seconds: Mapping[str, list[float]]) -> None:
    """Print medians and their ratio."""
    middle = {name: median(times) for name, times in seconds.items()}
    ratio = middle["ours"] / middle["port"]
    print(f"{title}: port {middle['port']:.3f} s, ours {middle['ours']:.3f} s, ratio {ratio:.2f}")


def _timed(
    subjects: Mapping[str, Callable[[], Any]], repeats: int, networks: tuple[nn.Module, nn.Module]
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    with torch.set_grad_enabled(networks[0].training):
        for repeat in range(repeats + 1):
            for name, run in subjects.items():
                start = perf_counter()
                run()
                if repeat:  # the first warms up
                    seconds[name].append(perf_counter() - start)
    return seconds


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
