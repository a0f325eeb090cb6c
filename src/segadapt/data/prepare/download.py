"""Downloads that resume where they were cut."""

import http.client
import json
import ssl
import time
import urllib.error
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.data.prepare.copying import check_room, copy, full_disk_said, size
from segadapt.data.prepare.http import asked, whole_size
from segadapt.data.prepare.progress_bars import Bars
from segadapt.files import replace_text

CUT: Final = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)
"""Errors of the network; other system errors come from the disk."""

FAILURES: Final = 4
"""Consecutive failures without a new byte after which an address counts as dead."""

PAUSE: Final = 1.0
"""Seconds before the second attempt, doubled with each."""

PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
"""Temporary refusals, in addition to all codes of 500 and above."""


class Progress(NamedTuple):
    """Version of the file to which an unfinished download belongs."""

    address: str
    total: int | None
    stamp: str


class Unreachable(Exception):
    """Raised for an address that does not deliver its file, with the reason."""


def download(address: str, part: Path, name: str, bars: Bars) -> None:
    """Fetch a file, continuing an unfinished download if the server still has the same version.

    Args:
        address: Its address.
        part: Where to write it.
        name: What messages call it.
        bars: Show how far it is.

    Raises:
        Unreachable: If the server cannot be reached or refuses, or always cuts the connection.
        ValueError: If the disk is too small.
    """
    failures, most = 0, have(part)
    while reason := _tried(address, part, name, bars):
        failures = 0 if have(part) > most else failures + 1
        most = max(most, have(part))
        if failures >= FAILURES:
            raise Unreachable(f"{address}: {reason}")
        time.sleep(PAUSE * 2**failures)
    progress_file(part).unlink(missing_ok=True)


def have(part: Path) -> int:
    """Number of bytes of an unfinished download."""
    return part.stat().st_size if part.exists() else 0


def progress_file(part: Path) -> Path:
    """File that records the origin of an unfinished download."""
    return part.with_name(f"{part.name}.json")


def forget(part: Path) -> None:
    """Remove an unfinished download."""
    part.unlink(missing_ok=True)
    progress_file(part).unlink(missing_ok=True)


def _tried(address: str, part: Path, name: str, bars: Bars) -> str | None:
    """One attempt.

    Returns:
        Why the file is still not whole, None if it is.
    """
    try:
        with full_disk_said(part.parent, "the download resumes where it stopped"):
            return _attempt(address, part, name, bars)
    except urllib.error.HTTPError as error:
        with error:
            return _refused(error, address, part)
    except CUT as error:
        return f"the connection failed ({str(error).strip('<>') or type(error).__name__})"


def _attempt(address: str, part: Path, name: str, bars: Bars) -> str | None:
    """Request the missing bytes and write them."""
    known = _known(part)
    start = have(part) if known and known.address == address else 0
    with asked(address, start, known.stamp if known and start else "") as answer:
        now = Progress(address, answer.total, answer.stamp)
        if answer.start not in (0, start) or (answer.start and now != known):
            forget(part)
            return "the server has another file than before"
        check_room(part.parent, (answer.total or 0) - answer.start, f"the download of {name}")
        replace_text(progress_file(part), json.dumps(now._asdict()))
        with (
            part.open("ab" if answer.start else "wb") as file,
            bars.counted_bytes(f"fetch {name}", answer.total, answer.start) as advance,
        ):
            copy(answer.body.read, file.write, advance)
    if answer.total is None or have(part) == answer.total:
        return None
    return f"the connection was cut at {size(have(part))} of {size(answer.total)}"


def _refused(error: urllib.error.HTTPError, address: str, part: Path) -> str | None:
    """The meaning of a refusal by the server.

    Raises:
        Unreachable: If a retry would not help.
    """
    if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        if whole_size(error.headers["Content-Range"]) == have(part):
            return None  # a former call ended between the last byte and the renaming
        forget(part)
    elif error.code not in PASSING and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"{address}: the server says {error.code} {error.reason}")
    return f"the server says {error.code} {error.reason}"


def _known(part: Path) -> Progress | None:
    try:
        return Progress(**json.loads(progress_file(part).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None  # without it, or with a damaged one, the download starts over
