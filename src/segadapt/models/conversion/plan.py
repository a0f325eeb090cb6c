"""The rules by which a network is converted, read from its config."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

from segadapt.models.conversion.classifiers import CLASSIFIERS
from segadapt.models.conversion.decoders import AUXILIARY, DECODERS
from segadapt.models.conversion.encoders import ENCODERS
from segadapt.models.conversion.rules import Rules


class Part(NamedTuple):
    """Some tensors of a checkpoint: their prefixes in file and network, and the rules."""

    theirs: str
    ours: str
    rules: Rules


class Plan(NamedTuple):
    """Plan that maps the tensors of a checkpoint to those of a network."""

    parts: tuple[Part, ...]
    head: str
    """Prefix of the decode head that ends in the classifier."""

    def place(self, name: str, value: Tensor, places: Mapping[str, Any]) -> dict[str, Tensor]:
        """A published tensor under our names and in our layout; empty if the network lacks it."""
        for part in self.parts:
            if name.startswith(part.theirs):
                found = part.rules.apply(name.removeprefix(part.theirs), value)
                ours = {part.ours + inner: tensor for inner, tensor in found.items()}
                if ours.keys() <= places.keys():
                    return ours
        return {}

    def idle(self, name: str) -> bool:
        """Whether the release itself does not use the tensor."""
        return any(
            name.startswith(part.theirs)
            and re.search(part.rules.idle, name.removeprefix(part.theirs)) is not None
            for part in self.parts
        )


def plan(model: Mapping[str, Any], name: str, classifier: str) -> Plan:
    """The rules for a network.

    Args:
        model: ``cfg.model``.
        name: Its name, for messages.
        classifier: ``fixed``, ``cac`` or ``ssa``.

    Raises:
        ValueError: If mmsegmentation and the releases have no such network.
    """
    encoder, decoder = model.get("encoder"), model.get("decoder")
    kinds = () if encoder is None or decoder is None else (_encoder(encoder), _class(decoder))
    if not kinds or kinds[0] not in ENCODERS or kinds[1] not in DECODERS:
        raise ValueError(
            f"model={name} is not a network of mmsegmentation or of the papers, so there is "
            "nothing to convert; take one such as upernet_swin, segformer_mit_b0 or ocrnet_hrnet48"
        )
    head = "decode_head.1." if kinds[1] == "OCRDecoder" else "decode_head."
    return Plan(
        (
            Part("backbone.", "generator.encoder.", ENCODERS[kinds[0]]),
            Part(head, "classifier.", CLASSIFIERS[classifier]),
            Part("decode_head.", "generator.decoder.", DECODERS[kinds[1]]),
            Part("auxiliary_head.", "generator.auxiliary.", AUXILIARY),
        ),
        head,
    )


def _encoder(config: Mapping[str, Any]) -> str:
    """Our class if it has its own rules, or a library's name without its variant."""
    kind = _class(config)
    name = re.match(r"[a-z]+?v2|[a-z]+", str(config.get("name", "")))
    return kind if kind in ENCODERS or not name else name[0]


def _class(config: Mapping[str, Any]) -> str:
    return str(config["_target_"]).rpartition(".")[2]
