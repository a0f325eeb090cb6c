"""The address that the demo listens on, taken before anything that takes time."""

import socket
from typing import Final, NamedTuple

LOCAL: Final = ("127.0.0.1", "localhost", "::1")
"""Addresses that no other machine reaches."""


class Listener(NamedTuple):
    """A socket that listens.

    Args:
        socket: Bound.
        host: As it was asked for.
    """

    socket: socket.socket
    host: str

    @property
    def address(self) -> str:
        """Response to a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.socket.getsockname()[1]}"

    @property
    def is_local(self) -> bool:
        return self.host in LOCAL


def listen(host: str, port: int) -> Listener:
    """Take an address before the networks are loaded, which takes seconds.

    Args:
        host: Name or address of this machine.
        port: Number; 0 for a free one.

    Raises:
        ValueError: If it is taken, or not one of this machine.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
            listener.listen()  # a browser that comes early waits
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"host={host} port={port} cannot be listened on: {reason}; choose another port=, or "
            "port=0 for a free one"
        ) from error
    return Listener(listener, host)
