"""The login to Weights & Biases, and the mode that follows from it."""

import netrc
import os
from urllib.parse import urlsplit

from segadapt.files import expanded

MODES = ("online", "offline", "disabled")


HOSTS = ("api.wandb.ai", "api.forge.coreweave.com")
"""Hosts under which wandb stores its login, unless WANDB_BASE_URL is set."""


def resolved(mode: str) -> str:
    """The mode to use, determined without a prompt.

    Args:
        mode: One of ``MODES``, or ``auto``.

    Raises:
        ValueError: If the mode is unknown, or ``online`` without a login.
    """
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if logged_in() else "offline")
    if mode not in MODES:
        raise ValueError(f"logger.mode is {mode!r}; it must be auto, online, offline or disabled")
    if mode == "online" and not logged_in():
        raise ValueError(
            "logger.mode=online needs a W&B login: run `wandb login` or set WANDB_API_KEY, "
            "or use logger.mode=offline"
        )
    return mode


def logged_in() -> bool:
    """Whether wandb would find a key without a prompt."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    own = urlsplit(os.environ.get("WANDB_BASE_URL", "")).netloc
    try:
        known = netrc.netrc(expanded(os.environ.get("NETRC", "~/.netrc")))
    except (ValueError, OSError, netrc.NetrcParseError):  # missing or unreadable
        return False
    return any(known.authenticators(host) for host in ([own] if own else HOSTS))
