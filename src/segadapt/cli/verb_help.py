"""``segadapt VERB --help``: every key with its meaning, and examples.

A training has more keys than a screen has lines, so its help shows how to find them; ``segadapt
train --help=all`` lists them.
"""

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from segadapt.cli.groups import groups, summary
from segadapt.cli.key_table import key_lines, keys
from segadapt.cli.main import sentence
from segadapt.cli.places import CONF
from segadapt.text.invocation import as_called, command

EXAMPLES: Final = {
    "train": (
        "segadapt train",
        "segadapt train model=upernet_swin classifier=cac data=ade20k data.root=PATH",
        "segadapt train -m classifier=fixed,cac,ssa seed=0,1,2 data.steps=2400",
    ),
    "resume": ("segadapt resume run=runs/2026-11-27/17-15-44",),
    "evaluate": (
        "segadapt evaluate run=RUN",
        "segadapt evaluate run=RUN inference=multiscale checkpoint=best",
        "segadapt evaluate run=RUN split=test submission=test.zip",
    ),
    "predict": (
        "segadapt predict run=RUN images=street.jpg out=predictions",
        "segadapt predict run=RUN images=FOLDER out=predictions save=[labels,confidence,changed]",
        "segadapt predict run=RUN beside=RUN images=FOLDER labels=FOLDER out=panels",
    ),
    "demo": (
        "segadapt demo run=RUN",
        "segadapt demo run=[RUN,RUN,RUN] images=FOLDER",
        "segadapt demo run=street.zip host=0.0.0.0 port=8080 max_pixels=4000000",
    ),
    "compare": (
        "segadapt compare runs/sweeps/DATE/TIME",
        "segadapt compare RUN RUN RUN baseline=classifier=fixed out=table.md",
        "segadapt compare SWEEP evaluation=slide-last plots=figures",
    ),
    "figures": (
        "segadapt figures RUN",
        "segadapt figures fixed=RUN cac=RUN ssa=RUN out=figures",
        "segadapt figures RUN images=64 seed=1",
    ),
    "check-data": (
        "segadapt check-data data=camvid data.root=PATH",
        "segadapt check-data data=folder data.root=PATH splits=[train]",
        "segadapt check-data data=ade20k data.root=PATH out=checks/ade",
    ),
    "import-labels": (
        "segadapt import-labels format=coco source=train.json images=FOLDER into=DATA",
        "segadapt import-labels format=labelme source=FOLDER into=DATA split=val",
        "segadapt import-labels format=cvat source=annotations.xml images=FOLDER into=DATA "
        "overlap=area background=null",
    ),
    "prepare-data": (
        "segadapt prepare-data ade20k root=PATH",
        "segadapt prepare-data ade20k root=PATH test=true",
        "segadapt prepare-data cityscapes root=PATH",
    ),
    "cache-features": (
        "segadapt cache-features run=RUN",
        "segadapt cache-features run=RUN out=FOLDER train=1000",
        "segadapt train model=cached data=cached data.root=FOLDER classifier=cac",
    ),
    "convert": (
        "segadapt convert FILE model=upernet_swin classifier=cac out=RUN/checkpoints/last.ckpt",
        "segadapt convert FILE model=segformer_mit_b0 classifier=fixed data=ade20k "
        "out=RUN/checkpoints/last.ckpt",
        "segadapt convert FILE model=ocrnet_hrnet48 classifier=ssa out=RUN/checkpoints/last.ckpt "
        "data.root=PATH",
    ),
    "export": (
        "segadapt export run=RUN out=street.onnx",
        "segadapt export run=RUN format=torch output=labels out=street.pt2",
        "segadapt export run=RUN out=street.onnx size=[512,1024] images=FOLDER",
    ),
    "bundle": (
        "segadapt bundle run=RUN out=street",
        "segadapt bundle run=RUN out=street.zip sample=street.jpg",
        "segadapt bundle run=RUN out=street checkpoint=best teacher=true",
    ),
    "push": (
        "segadapt push bundle=street repo=owner/street-ssa",
        "segadapt push bundle=street.zip repo=owner/street-ssa",
        "segadapt push bundle=street repo=owner/street-ssa private=true",
    ),
    "doctor": (
        "segadapt doctor",
        "segadapt doctor train=false hub=false",
        "segadapt doctor json=true > machine.json",
    ),
    "options": (
        "segadapt options",
        "segadapt options experiment",
        "segadapt options classifier=ssa",
    ),
    "completion": (
        "segadapt completion bash >> ~/.bashrc",
        "segadapt completion zsh >> ~/.zshrc",
        "segadapt completion fish > ~/.config/fish/completions/segadapt.fish",
    ),
}
"""Examples of each verb."""

ARGUMENTS: Final = {
    "compare": "RUN ... KEY=VALUE ...",
    "figures": "RUN ... KEY=VALUE ...",
    "convert": "FILE KEY=VALUE ...",
    "prepare-data": "NAME KEY=VALUE ...",
    "options": "[GROUP[=OPTION]]",
    "completion": "bash|zsh|fish",
}
"""Arguments of verbs that accept other words than KEY=VALUE."""

GRAMMAR: Final = (
    "GROUP=OPTION chooses a config of a group, KEY.KEY=VALUE changes a value, and -m with "
    "A,B,C trains every combination. Groups:"
)
"""Introduction of the help of a training, above the names of the groups."""

LEADS: Final = {
    "segadapt options classifier": "options of a group",
    "segadapt options experiment": "tables of the papers, with their rows",
    "segadapt options classifier=ssa": "keys of an option, with their meaning",
    "segadapt train --help=all": "all groups with their options, other keys",
}
"""Further commands shown by ``train --help``."""

MORE_LEADS: Final = {
    **LEADS,
    "segadapt train --help=all": "this text",
    "segadapt train classifier=ssa --help": "what overrides choose, and the config",
    "segadapt train --cfg job": "the config alone, without training",
    "segadapt train --hydra-help": "options of Hydra itself",
}
"""Further commands shown by ``train --help=all``."""


def verb_help(verb: str, whole: bool = False) -> str:
    """The help of a verb, folded to the terminal.

    Args:
        verb: One of ``VERBS``.
        whole: Whether the help of a training lists all groups and keys, as that of other verbs
            does.
    """
    width = min(shutil.get_terminal_size().columns, 100)
    usage = f"usage: {command(verb)} {ARGUMENTS.get(verb, 'KEY=VALUE ...')}"
    parts = [usage, sentence(verb)]
    if examples := EXAMPLES.get(verb):
        parts.append(as_called("Examples:\n" + "\n".join(f"  {line}" for line in examples)))
    if verb == "train":
        parts += _all_about_groups(width) if whole else _about_groups(width)
    file = CONF / f"{verb.replace('-', '_')}.yaml"
    if file.exists() and (verb != "train" or whole):
        parts.append("Keys:\n" + "\n".join(key_lines(keys(file), width)))
    if verb == "prepare-data":
        parts.append("Data sets:\n" + "\n".join(_data_sets()))
    return "\n\n".join(parts) + "\n"


def _about_groups(width: int) -> list[str]:
    """Short help of ``train``: how to choose, the names of the groups, and further commands."""
    names = _folded(", ".join(groups(CONF)), width)
    return [f"{textwrap.fill(GRAMMAR, width)}\n{names}", "\n".join(_leads(LEADS))]


def _all_about_groups(width: int) -> list[str]:
    """Full help of ``train``: the options of every group, and all further commands."""
    lines = "\n".join(_folded(summary(CONF, group), width) for group in groups(CONF))
    return [f"{textwrap.fill(GRAMMAR, width)}\n{lines}", "\n".join(_leads(MORE_LEADS))]


def _folded(text: str, width: int) -> str:
    return textwrap.fill(
        text,
        max(width, 60),
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _leads(leads: Mapping[str, str]) -> Iterator[str]:
    lines = {as_called(line): meaning for line, meaning in leads.items()}
    column = max(map(len, lines)) + 2
    return (f"  {line:{column}}{meaning}" for line, meaning in lines.items())


def _data_sets() -> Iterator[str]:
    from segadapt.data.prepare.catalogue import RECIPES

    for name, recipe in RECIPES.items():
        yield f"  {name:17} {recipe.size:>6}  {recipe.licence}"
