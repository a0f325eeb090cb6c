"""Equations as MathML, which browsers draw by themselves: no script from elsewhere."""

import re

from latex2mathml.converter import convert


def on_page_content(html: str, **_: object) -> str:
    """Replace what arithmatex has marked.

    Args:
        html: Content of a page.
    """
    html = re.sub(r'<span class="arithmatex">\\\((.+?)\\\)</span>', _inline, html, flags=re.S)
    return re.sub(r'<div class="arithmatex">\s*\\\[(.+?)\\\]\s*</div>', _block, html, flags=re.S)


def _plain(tex: str) -> str:
    return tex.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")


def _inline(match: re.Match[str]) -> str:
    return convert(_plain(match[1]))


def _block(match: re.Match[str]) -> str:
    return convert(_plain(match[1]), display="block")
