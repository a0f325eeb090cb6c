"""The ``segadapt`` command, which imports only the file of the named verb."""

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, NoReturn

from segadapt.runs.settings.near import hint
from segadapt.text.choices import unknown

VERBS: Final = {
    "train": "train a network, or sweep over settings with -m",
    "resume": "continue an interrupted training",
    "evaluate": "measure a trained network, or write a submission",
    "predict": "segment images or a video with a trained network",
    "demo": "try trained networks on photographs in a web page, side by side",
    "compare": "compare finished runs: means, intervals, costs, the papers' numbers",
    "figures": "draw what trained networks learnt",
    "check-data": "check every file of a data set before a training",
    "import-labels": "import annotations of COCO, labelme, VOC or CVAT as a data set",
    "prepare-data": "download, verify and unpack a published data set",
    "cache-features": "store the features of a trained network on disk",
    "convert": "convert a checkpoint of mmsegmentation or of a release",
    "export": "write a trained network as an ONNX file or a program of torch.export",
    "bundle": "write a trained network as one folder or zip archive, to share",
    "push": "upload a bundle to the Hugging Face hub",
    "doctor": "check this machine before a training",
    "benchmark": "measure what models and classifiers cost (in a checkout)",
    "options": "list the options of a config group, or the rows of a table",
    "completion": "print shell completion for bash, zsh or fish",
}
"""Line about each verb in the overview of ``segadapt``; each verb is a file of this folder."""

USAGE: Final = """usage: segadapt VERB KEY=VALUE ...

{verbs}

segadapt VERB --help    keys of a verb, with examples
segadapt --version      version of segadapt
"""

HELP: Final = ("-h", "--help", "--help=all")
"""Words that request help. The last one lists all groups and keys of a training."""

USAGE_ERROR: Final = 2
"""Exit code of a command line that cannot be understood."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        words: Words after the command; None for those of the process.

    Returns:
        The exit code: 0 success, 1 user error, 2 usage, 128 + N after signal N.
    """
    words = list(sys.argv[1:] if words is None else words)
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview(), end="")
        return 0
    if words[0] == "--version":
        print(f"segadapt {version('segadapt')}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        print(f"error: {_unknown_verb(verb)}", file=sys.stderr)
        return USAGE_ERROR
    return run(verb, rest)


def door(verb: str) -> NoReturn:
    """Entry point of a script in a checkout: run its verb with the words of the process."""
    sys.exit(run(verb, sys.argv[1:]))


def deprecated_train() -> NoReturn:
    """Entry point ``segadapt-train``, the name of ``segadapt train`` before version 0.2."""
    print("segadapt-train is deprecated; type: segadapt train", file=sys.stderr)
    door("train")


def run(verb: str, words: Sequence[str]) -> int:
    """Run a verb with its own words, and return the exit code.

    Args:
        verb: One of ``VERBS``.
        words: Words after the verb. If overrides of a training are given as well, ``--help`` is
            Hydra's, which shows the composed config.
    """
    asking = [word for word in words if word in HELP]
    if strange := [word for word in words if word.startswith("--help=") and word not in HELP]:
        print(f"error: {unknown('option', strange[0], HELP)}", file=sys.stderr)
        return USAGE_ERROR
    if asking and (verb != "train" or len(asking) == len(words)) and verb != "benchmark":
        from segadapt.cli.verb_help import verb_help

        return _print(verb_help(verb, "--help=all" in asking))
    from segadapt.cli.shell import answering_signals

    with answering_signals():
        plain = ["--help" if word in asking else word for word in words]
        code = importlib.import_module(module(verb)).main(plain)
        sys.stdout.flush()
    return 0 if code is None else code


def module(verb: str) -> str:
    """The module of a verb."""
    return f"segadapt.cli.{verb.replace('-', '_')}"


def overview() -> str:
    """The text that ``segadapt`` prints without a verb."""
    width = max(map(len, VERBS)) + 2
    return USAGE.format(verbs="\n".join(f"  {verb:{width}}{line}" for verb, line in VERBS.items()))


def sentence(verb: str) -> str:
    """The line of a verb as a sentence."""
    line = VERBS[verb]
    return f"{line[0].upper()}{line[1:]}."


def _unknown_verb(verb: str) -> str:
    question = hint(verb, VERBS)
    if "=" in verb:
        question = " A verb comes first: segadapt train KEY=VALUE ..."
    return unknown("verb", verb, VERBS, suggestion=question)


def _print(text: str) -> int:
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:  # the reader has ended (``| head``)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
