// A press on a head sorts its table: numbers by value, the largest first; words by the alphabet.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].textContent.trim();
      const rows = [...table.tBodies[0].rows];
      const numeric = rows.some((row) => !Number.isNaN(parseFloat(key(row))));
      const value = (row) => {
        const number = parseFloat(key(row));
        return Number.isNaN(number) ? -Infinity : number;
      };
      const order = numeric
        ? (one, other) => value(other) - value(one) || 0
        : (one, other) => key(other).localeCompare(key(one));
      rows.sort((one, other) => (down ? order(one, other) : order(other, one)));
      table.tBodies[0].append(...rows);
    });
  });
}
