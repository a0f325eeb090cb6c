"""The page: markup, style and script, and the functions that the script calls; uses Gradio."""

from pathlib import Path
from typing import Any, Final

import gradio
from gradio.themes import Base

from segadapt.deployment.demo.answers import Answer, Answers
from segadapt.deployment.demo.facts import page_facts

PARTS: Final = Path(__file__).parent
SCRIPT: Final = ("elements.js", "panels.js", "pixel.js", "page.js")
"""Files of the script, which share one scope; the last one starts it."""

FONTS: Final = ["system-ui", "sans-serif"]
FIXED_WIDTH: Final = ["ui-monospace", "monospace"]
"""Fonts of the reader's machine; Gradio's own come from a server."""

FRAME: Final = """<style>
body.dark { color-scheme: dark }
@media (max-width: 760px) { .gradio-container .main { padding: 8px 0 !important } }
</style>"""
"""Style of Gradio's elements around the page."""


def build_page(answers: Answers) -> gradio.Blocks:
    """The page as Gradio serves it.

    Args:
        answers: Answers what its script asks.
    """

    def upload(question: Any) -> Answer:
        return answers.upload(question)

    def sample(question: Any) -> Answer:
        return answers.sample(question)

    def pixel(question: Any) -> Answer:
        return answers.pixel(question)

    with gradio.Blocks(title="segadapt", analytics_enabled=False) as page:
        gradio.HTML(
            html_template=_part("page.html"),
            css_template=_part("page.css"),
            js_on_load="\n".join(_part(name) for name in SCRIPT),
            server_functions=[upload, sample, pixel],
            apply_default_css=False,
            facts=page_facts(answers.networks, answers.samples, answers.limits),
        )
    return page


def serving(page: gradio.Blocks, app: Any) -> Any:
    """Put the page at the root of an application: no history, no telemetry, no second server.

    Args:
        page: From :func:`build_page`.
        app: FastAPI's.
    """
    return gradio.mount_gradio_app(
        app,
        page,
        path="/",
        theme=Base(font=FONTS, font_mono=FIXED_WIDTH),
        head=FRAME,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
    )


def _part(name: str) -> str:
    return (PARTS / name).read_text("utf-8")
