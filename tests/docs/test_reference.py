import importlib
import re

import pytest

write_reference = importlib.import_module("scripts.write_reference")
DOCS = write_reference.REFERENCE.parent
PAGES = [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]


@pytest.mark.parametrize("name", ["commands.md", "config.md"])
def test_pages_of_keys_are_those_of_the_configs(name):
    assert (write_reference.REFERENCE / name).read_text("utf-8") == write_reference.pages()[name], (
        "run: python scripts/write_reference.py"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_front_page_is_short():
    assert len((DOCS.parent / "README.md").read_text("utf-8").splitlines()) <= 130
