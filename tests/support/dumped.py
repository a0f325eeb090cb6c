"""Pages in a headless browser, once their scripts have run."""

import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def title(page: Path, *options: str) -> str:
    """The title of a page after its scripts have run, as HTML."""
    words = ["--headless", "--no-sandbox", "--disable-gpu", *options, "--dump-dom", page.as_uri()]
    words.append(f"--user-data-dir={page.parent / 'profile'}")
    shown = subprocess.run([CHROMIUM, *words], capture_output=True, text=True, timeout=120)
    return re.search(r"<title>(.*)</title>", shown.stdout)[1]
