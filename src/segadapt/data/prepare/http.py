"""A file on the web from any byte on."""

import http.client
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

SECONDS: Final = 60
"""Seconds without a byte after which a connection counts as broken."""

AGENT: Final = "segadapt"


class Answer(NamedTuple):
    """Answer of a server.

    Args:
        start: Number of the first byte sent; 0 also from servers that only send whole files.
        total: Bytes of the whole file; None if the server does not say.
        stamp: What tells this version of the file from others, "" if the server does not say.
        body: The bytes.
    """

    start: int
    total: int | None
    stamp: str
    body: http.client.HTTPResponse


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to other web addresses, but never from an encrypted to a plain one."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: Any,  # an answer, which typing does not count among its IO[bytes]
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        allowed = ("https://",) if req.full_url.startswith("https://") else ("https://", "http://")
        if not newurl.startswith(allowed):
            raise ValueError(f"{req.full_url} leads to {newurl}, which is not a safe address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def asked(address: str, start: int, stamp: str) -> Iterator[Answer]:
    """Ask for a file, from a byte on if it is still the same.

    Args:
        address: Its address.
        start: Number of the first byte wanted.
        stamp: Of the version that the earlier bytes are from.

    Raises:
        urllib.error.URLError: If the server cannot be reached or refuses.
    """
    request = urllib.request.Request(address, headers=_headers(start, stamp))
    opener = urllib.request.build_opener(SafeRedirects)
    with opener.open(request, timeout=SECONDS) as response:
        yield _answer(response)


def whole_size(content_range: str | None) -> int | None:
    """Bytes of the whole file from a header such as ``bytes 5-9/10`` or ``bytes */10``."""
    match = re.search(r"/(\d+)$", content_range or "")
    return int(match[1]) if match else None


def _headers(start: int, stamp: str) -> dict[str, str]:
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if stamp:
            headers["If-Range"] = stamp
    return headers


def _answer(response: http.client.HTTPResponse) -> Answer:
    stamp = _stamp(response.headers)
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        length = response.headers["Content-Length"]
        return Answer(0, int(length) if length else None, stamp, response)
    sent = response.headers["Content-Range"] or ""
    first = re.match(r"bytes (\d+)-", sent)
    if first is None:
        raise http.client.HTTPException(f"a part without its place ({sent!r})")
    return Answer(int(first[1]), whole_size(sent), stamp, response)


def _stamp(headers: http.client.HTTPMessage) -> str:
    tag = headers["ETag"] or ""
    if tag and not tag.startswith("W/"):  # weak tags may not name a range (RFC 9110, 13.1.5)
        return str(tag)
    return str(headers["Last-Modified"] or "")
