"""Options of ``segadapt benchmark``, parsed before any slow import."""

import argparse
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from segadapt.cli.places import CONF
from segadapt.text.choices import unknown

HELP = """\
segadapt benchmark [KEY=VALUE ...] [--no-sync]

Parameters, multiply-adds, time and memory of any model with any classifier, side by side.

  model=tiny,upernet_swin       networks (conf/model)
  classifier=fixed,cac,ssa      classifiers (conf/classifier); fixed is what the ratios refer to
  data=digits                   take size, batch and classes from a data set's file (conf/data)
  size=512  batch=2  num_classes=150
                                pixels of a side, images of a step, classes
  device=auto                   cpu, cuda, cuda:1, ...; auto: cuda if available
  precision=auto                32 or bf16 (autocast); auto: bf16 on a GPU
  compile=false                 torch.compile generator and classifier
  channels_last=true            memory format of images and network
  threads=1                     of the CPU; 1 makes other processes disturb least
  repeats=10                    rounds; every round times each classifier once
  name=NAME                     of the result, benchmarks/results/NAME.json
  classifier.tau=10 ...         anything else with a dot is an override of the config

  --no-sync                     instead: 50 training steps that fail where they wait for the GPU
                                (without one: a step that fails where it reads a tensor's value)

segadapt benchmark classifier_cost | data | overhead | startup [KEY=VALUE ...]

  classifier and losses against the loop reference; loading against the straightforward pipeline;
  Lightning against a bare loop; start-up times

segadapt benchmark loss_speed | loss_memory | step_beside [KEY=VALUE ...]

  pixel losses against torch's and smp's: time; memory; a training step beside an earlier commit's

Every benchmark that is timed refuses a machine whose load average is above its cores, unless there
is busy=true, which its file then says.

segadapt benchmark gpu [only=PART,PART] [minutes=8] [device=auto]

  everything that is claimed about GPUs, on one card (docs/speed.md)

segadapt benchmark models [NAME ...]

  parameters, multiply-adds and weights of all models, to docs/models.md; of some, to the terminal
"""


CONFIGS: Final = CONF
"""The config groups, as they travel with the package."""


@dataclass(frozen=True)
class Options:
    """Settings of a measurement; None stands for the value in the data set's file."""

    model: tuple[str, ...] = ("tiny",)
    classifier: tuple[str, ...] = ("fixed", "cac", "ssa")
    data: str = "synthetic"
    size: int | None = None
    batch: int | None = None
    num_classes: int | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False
    channels_last: bool = True
    threads: int | None = None
    repeats: int = 10
    name: str = ""
    no_sync: bool = False
    overrides: tuple[str, ...] = ()


DEFAULT_SHAPE: Final = {"size": 512, "batch": 2, "num_classes": 150}
"""Used where no data set is named."""


def parse(arguments: Sequence[str], configs: Path) -> Options:
    """Read a command line.

    Args:
        arguments: Without the program's name.
        configs: Folder of the config groups, to know the names of models and classifiers.

    Raises:
        ValueError: If a key, a name or a value is not known.
    """
    parser = argparse.ArgumentParser(usage=HELP, add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--no-sync", action="store_true")
    flags, words = parser.parse_known_args(list(arguments))
    if flags.help:
        print(HELP, end="")
        raise SystemExit(0)
    texts, overrides = _pairs(words)
    values: dict[str, Any] = {key: _READERS[key](key, text) for key, text in texts.items()}
    if "data" not in values:
        values = {**DEFAULT_SHAPE, **values}
    options = Options(**values, no_sync=flags.no_sync, overrides=tuple(overrides))
    for group in ("model", "classifier", "data"):
        for name in _names(texts.get(group, "")):
            _check(group, name, configs)
    return options


def _pairs(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Own keys with their texts, and overrides of the config."""
    texts, overrides = {}, []
    for word in words:
        key, equals, text = word.partition("=")
        if equals and "." in key:
            overrides.append(word)
        elif equals and key in _READERS:
            texts[key] = text
        else:
            raise ValueError(_unknown(word, key))
    return texts, overrides


def _unknown(word: str, key: str) -> str:
    if key in _READERS:
        return f"{word!r} needs a value, as in {key}=VALUE"
    close = difflib.get_close_matches(key, _READERS, 1)
    hint = f"did you mean {close[0]}=?" if close else f"it knows {', '.join(_READERS)}"
    return f"benchmark.py has no option {word!r}; {hint}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _check(group: str, name: str, configs: Path) -> None:
    known = sorted(file.stem for file in (configs / group).glob("*.yaml"))
    if name not in known:
        raise ValueError(unknown(group, name, known))


def _read_names(key: str, text: str) -> tuple[str, ...]:
    names = _names(text)
    if not names:
        raise ValueError(f"{key}= needs at least one name, such as {key}=tiny")
    return names


def _read_count(key: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{key} must be a positive whole number, not {text!r}")
    return int(text)


def _read_bool(key: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{key} must be true or false, not {text!r}")
    return text.lower() == "true"


def _read_precision(key: str, text: str) -> str:
    if text not in ("auto", "32", "bf16"):
        raise ValueError(f"{key} must be auto, 32 or bf16, not {text!r}")
    return text


def _read_text(key: str, text: str) -> str:
    return text


_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "model": _read_names,
    "classifier": _read_names,
    "data": _read_text,
    "size": _read_count,
    "batch": _read_count,
    "num_classes": _read_count,
    "device": _read_text,
    "precision": _read_precision,
    "compile": _read_bool,
    "channels_last": _read_bool,
    "threads": _read_count,
    "repeats": _read_count,
    "name": _read_text,
}
