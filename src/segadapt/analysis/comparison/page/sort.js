// A press on a head sorts its table: numbers from the largest, words from A. Another press reverses
// the order. Missing values come last in both.
const LEADING = /^(over |< )?([+-]?\d+(?:\.\d+)?)/;
const MISSING = ["", "-", "nan"];

function toNumber(text) {
  if (text === "baseline") return 0; // in a column of differences
  const found = LEADING.exec(text);
  if (found === null) return NaN;
  const beyond = { "over ": 1e-6, "< ": -1e-6 }[found[1]] ?? 0;
  return Number(found[2]) * (1 + beyond);
}

function inOrder(rows, column, reversed) {
  const text = (row) => row.cells[column].textContent.trim();
  const value = (row) => toNumber(text(row));
  const present = rows.filter((row) => !MISSING.includes(text(row).toLowerCase()));
  const numbers = present.filter((row) => !Number.isNaN(value(row)));
  const numeric = numbers.length > present.length / 2;
  const sorted = numeric
    ? numbers.sort((one, other) => value(other) - value(one))
    : present.sort((one, other) => text(one).localeCompare(text(other)));
  if (reversed) sorted.reverse();
  const last = rows.filter((row) => !sorted.includes(row));
  return { rows: [...sorted, ...last], descending: numeric !== reversed };
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    let reversed = true;
    button.addEventListener("click", () => {
      reversed = head.hasAttribute("aria-sort") && !reversed;
      const { rows, descending } = inOrder([...table.tBodies[0].rows], column, reversed);
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      table.tBodies[0].append(...rows);
    });
  });
}
