"""Check of every request before Gradio sees it."""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

READ: Final = ("/assets/", "/static/", "/gradio_api/heartbeat/")
READ_EXACTLY: Final = (
    *("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json"),
    *("/gradio_api/info", "/gradio_api/startup-events"),
)
ASKED: Final = "/gradio_api/component_server"
"""Paths that the page needs. All others are refused, and among them those with which Gradio would
write files that it is sent, serve files of this machine, or fetch from other machines."""

POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'; "
    "form-action 'none'"
)
"""Browsers load nothing from other machines for this page."""

HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine in its own browsers; other names come from the DNS of another site."""

OVERHEAD: Final = 2**16
"""Largest number of bytes of a request besides its file."""


class Guard:
    """An application behind limits.

    Args:
        application: Application that answers the requests that are allowed.
        max_bytes: Largest size of an uploaded file, in bytes.
        local: Whether only this machine is served, under its own names.
    """

    def __init__(self, application: Application, max_bytes: int, local: bool) -> None:
        self.application, self.local = application, local
        self.max_body = max_bytes * 4 // 3 + OVERHEAD  # base64

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["type"] != "http" or not self._may(scope, headers):
            await _answer(send, 403, "segadapt demo does not serve this")
            return
        if b"transfer-encoding" in headers:  # its parts would add up to any length
            await _answer(send, 411, "the request has no length")
            return
        if scope["method"] == "POST":
            length = headers.get(b"content-length", "")
            if not length.isdecimal():
                await _answer(send, 411, "the request has no length")
                return
            if int(length) > self.max_body:  # the server reads no more than was announced
                await _answer(send, 413, "the request is too large")
                return
        await self.application(scope, receive, _with_headers(send))

    def _may(self, scope: Message, headers: dict[bytes, str]) -> bool:
        """Whether a request is one of those that the page makes, at the right address."""
        host = re.sub(r":\d+$", "", headers.get(b"host", ""))
        if (self.local and host not in LOCAL) or not _is_own(headers):
            return False
        path, method = scope["path"], scope["method"]
        if path.rstrip("/") == ASKED:
            return method == "POST" and headers.get(b"content-type", "") == "application/json"
        known = path.startswith(READ) or path in READ_EXACTLY
        return method in ("GET", "HEAD") and known


def _is_own(headers: Mapping[bytes, str]) -> bool:
    """Whether a request comes from this page or from no page at all, not from another site."""
    origin, host = (headers.get(name, "").lower() for name in (b"origin", b"host"))
    return b"origin" not in headers or origin in (f"http://{host}", f"https://{host}")


def _with_headers(send: Send) -> Send:
    """Our headers in place of Gradio's, some of which let other sites read the answer."""
    replaced = (*(name for name, _ in HEADERS), b"access-control-")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            pairs = message.get("headers", [])
            kept = [pair for pair in pairs if not pair[0].lower().startswith(replaced)]
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
