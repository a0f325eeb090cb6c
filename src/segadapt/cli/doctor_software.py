"""Checks of ``segadapt doctor``: Python, packages, the tracker and the hub."""

import os
import platform
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from segadapt.cli.doctor_findings import BAD, NOTE, OK, Finding

HUB_SECONDS: Final = 2.0


def python() -> Iterator[Finding]:
    """Report the interpreter, whose version ``requires-python`` has already checked."""
    yield Finding("Python", OK, f"{platform.python_version()} ({sys.executable})")


def packages() -> Iterator[Finding]:
    """Check that the installed versions are within the bounds of this package."""
    from packaging.requirements import Requirement

    wrong = []
    installed = {}
    for line in requires("segadapt") or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed[requirement.name] = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is not installed (needed: {requirement})")
            continue
        if not requirement.specifier.contains(installed[requirement.name], prereleases=True):
            wrong.append(f"{requirement.name} is {installed[requirement.name]}, not {requirement}")
    if wrong:
        yield Finding("packages", BAD, "; ".join(wrong), "pip install -U segadapt")
    else:
        yield Finding("packages", OK, f"{len(installed)} within their bounds")
    names = ("torch", "torchvision", "lightning", "timm", "segmentation-models-pytorch")
    shown = ", ".join(f"{name} {installed[name]}" for name in names if name in installed)
    yield Finding("versions", OK, f"segadapt {version('segadapt')}, {shown}")


def tracker() -> Iterator[Finding]:
    """Report the login to W&B, and the mode in which a training would use it."""
    from segadapt.training.loggers.wandb_login import logged_in, resolved

    try:
        number = version("wandb")
    except PackageNotFoundError:
        yield Finding("W&B", NOTE, "wandb is not installed", "pip install wandb, or logger=none")
        return
    login = "logged in" if logged_in() else "no login"
    advice = "" if logged_in() else "run `wandb login` to upload; metrics.csv is always written"
    try:
        mode = resolved("auto")
    except ValueError as error:
        yield Finding("W&B", BAD, str(error))
        return
    state = OK if logged_in() else NOTE
    yield Finding("W&B", state, f"wandb {number}, {login}, mode {mode}", advice)


def hub() -> Iterator[Finding]:
    """Report the cache of published weights, and whether the hub can be reached."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    if constants.HF_HUB_OFFLINE:
        yield Finding("hub", NOTE, f"offline by HF_HUB_OFFLINE; cache {cache}")
        return
    try:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        with urllib.request.urlopen(request, timeout=HUB_SECONDS):
            pass
    except urllib.error.HTTPError:
        pass  # an error response is an answer
    except (OSError, ValueError) as error:
        advice = "published weights must be in the cache, or pass data.pretrained=false"
        reason = getattr(error, "reason", error)
        yield Finding("hub", NOTE, f"does not answer ({reason}); cache {cache}", advice)
        return
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if os.access(place, os.W_OK):
        yield Finding("hub", OK, f"answers; cache {cache}")
    else:
        yield Finding("hub", NOTE, f"answers, but {place} is not writable", "set HF_HOME")
