"""A server on loopback that publishes files, badly where a test wants it."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    path: str
    range: str | None
    condition: str | None


class Publisher(ThreadingHTTPServer):
    """Serves ``files`` by path.

    ``cuts`` holds after how many bytes the next answers break off; ``refusals`` the codes of the
    next answers; ``ranges`` whether parts are served; ``announced`` whether sizes are;
    ``tag`` the version of all files; ``moved`` where paths have gone.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.cuts: deque[int] = deque()
        self.refusals: deque[int] = deque()
        self.moved: dict[str, str] = {}
        self.ranges, self.announced, self.tag = True, True, '"1"'

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def publish(self, name: str, content: bytes) -> str:
        self.files[f"/{name}"] = content
        return self.address(name)


class Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append(Asked(self.path, wanted, self.headers["If-Range"]))
        if self.path in self.server.moved:
            self.send_response(302)
            self.send_header("Location", self.server.moved[self.path])
            self.end_headers()
            return
        if self.server.refusals:
            self._refuse(self.server.refusals.popleft())
            return
        if self.path not in self.server.files:
            self._refuse(404)
            return
        content = self.server.files[self.path]
        same = self.headers["If-Range"] in (None, self.server.tag)
        start = int(wanted[6:-1]) if wanted and self.server.ranges and same else 0
        if start >= len(content) > 0:
            self._refuse(416, f"bytes */{len(content)}")
            return
        self._send(content, start)

    def _send(self, content: bytes, start: int) -> None:
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        if self.server.announced:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        self.wfile.write(body[: self.server.cuts.popleft()] if self.server.cuts else body)

    def _refuse(self, code: int, place: str = "") -> None:
        self.send_response(code)
        self.send_header("Content-Length", "0")
        if place:
            self.send_header("Content-Range", place)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def publishing() -> Iterator[Publisher]:
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
