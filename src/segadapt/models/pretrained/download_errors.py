"""Errors in downloading published weights, as sentences."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

PATIENCE = 5.0
"""Seconds within which the hub must accept a connection."""


@contextmanager
def explained(name: str, key: str = "model.encoder.weights") -> Iterator[None]:
    """Turn a failed download into a sentence with alternatives.

    If the hub does not answer, only its cache is used: its own library would retry for a minute or
    more, with a line for each attempt.

    Args:
        name: Network whose weights are fetched.
        key: Setting that accepts a file instead.

    Raises:
        ValueError: If the body raises an :class:`OSError`, as every failed download does.
    """
    before = constants.HF_HUB_OFFLINE
    silence = None if before else unreachable(constants.ENDPOINT)
    constants.HF_HUB_OFFLINE = before or silence is not None
    try:
        yield
    except OSError as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        if silence and isinstance(error, (LocalEntryNotFoundError, OfflineModeIsEnabled)):
            reason = silence
        raise ValueError(
            f"the published weights of {name} cannot be fetched ({reason}); train from scratch "
            f"with data.pretrained=false, or pass a downloaded file as {key}=FILE"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = before


def unreachable(address: str) -> str | None:
    """The reason why a web address cannot be reached; None if it can, or a proxy is used."""
    parts = urlsplit(address)
    if getproxies():
        return None
    port = parts.port or {"http": 80}.get(parts.scheme, 443)
    try:
        socket.create_connection((parts.hostname or "", port), PATIENCE).close()
    except OSError as error:
        return f"{parts.hostname} does not answer: {error.strerror or error}"
    return None
