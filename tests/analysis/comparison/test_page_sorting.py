"""The script that sorts the tables of a comparison, in a browser."""

from pathlib import Path

import pytest
from dumped import CHROMIUM, title

from segadapt.analysis.comparison import page

SCRIPT = Path(page.__file__).parent / "sort.js"
PROBE = """
const table = document.querySelector("table");
const head = table.tHead.rows[0].cells[0];
const read = () => [...table.tBodies[0].rows].map((row) => row.textContent.trim()).join("|");
const press = () => {
  head.firstChild.click();
  return `${head.getAttribute("aria-sort")}:${read()}`;
};
document.title = [press(), press(), press()].join(" / ");
"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which runs the script")
@pytest.mark.parametrize(
    ("cells", "descending", "expected"),
    [
        (["12", "over 1000", "-", "1000", "7"], True, ["over 1000", "1000", "12", "7", "-"]),
        (
            ["baseline", "-2.00 [-3, -1]", "+4.12 [+3, +5]"],
            True,
            ["+4.12 [+3, +5]", "baseline", "-2.00 [-3, -1]"],
        ),
        (["0.001", "< 0.001", "-", "0.401"], True, ["0.401", "0.001", "< 0.001", "-"]),
        (["SSA", "CAC", "fixed", "3 blocks"], False, ["3 blocks", "CAC", "fixed", "SSA"]),
        (["1.2 ± 0.1", "NaN", "10 ± 2"], True, ["10 ± 2", "1.2 ± 0.1", "NaN"]),
    ],
)
def test_pressing_a_head_sorts(cells, descending, expected, tmp_path):
    rows = "".join(f"<tr><td>{cell.replace('<', '&lt;')}</td></tr>" for cell in cells)
    head = "<table class='sortable'><thead><tr><th>x</th></tr></thead>"
    table = f"{head}<tbody>{rows}</tbody></table>"
    file = tmp_path / "page.html"
    script = f"<script>{SCRIPT.read_text('utf-8')}{PROBE}</script>"
    file.write_text(f"<meta charset='utf-8'><title></title>{table}{script}", "utf-8")
    present = [cell for cell in expected if cell not in ("-", "NaN")]
    back = [*present[::-1], *expected[len(present) :]]
    names = ["descending", "ascending"][:: 1 if descending else -1]
    first, second, third = title(file).replace("&lt;", "<").split(" / ")
    assert first == third == f"{names[0]}:{'|'.join(expected)}"
    assert second == f"{names[1]}:{'|'.join(back)}"
