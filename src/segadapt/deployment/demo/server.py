"""The web server of the page: on this machine only, unless another address is asked for."""

from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from segadapt.deployment.demo.answers import Answers
from segadapt.deployment.demo.guard import Guard
from segadapt.deployment.demo.listener import Listener
from segadapt.deployment.demo.page import build_page, serving

GRACE: Final = 1
"""Seconds granted to open connections at the end; a displayed page holds one."""


def prepared_server(listener: Listener, answers: Answers) -> uvicorn.Server:
    """The server of the page, for the listener's socket.

    Args:
        listener: Listener for its address.
        answers: Answers what the page asks.
    """
    app = serving(build_page(answers), FastAPI(openapi_url=None))
    guarded: Any = Guard(app, answers.limits.bytes, listener.is_local)
    config = uvicorn.Config(
        guarded,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)
