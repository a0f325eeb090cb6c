import io

import pytest
from rich.console import Console

from segadapt.text.terminal import say


@pytest.mark.parametrize("notebook", [False, True])
def test_long_lines_are_whole_on_a_terminal_and_folded_in_a_notebook(notebook):
    console = Console(file=io.StringIO(), width=40, force_jupyter=notebook)
    with console.capture() as captured:
        say(console, "a footnote " * 9)
    lines = captured.get().splitlines()
    assert (max(map(len, lines)) <= 40) == notebook
    assert " ".join(captured.get().split()) == " ".join(["a footnote"] * 9)
