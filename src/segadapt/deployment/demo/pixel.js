/* The classes of one pixel, which is chosen by a click or with the arrow keys. */
const openPixel = (open) => {
  find(".sheet").hidden = !open;
  find(".demo").classList.toggle("open", open);
};

/* An answer that is still on its way does not open it again. */
const closePixel = () => {
  turns.pixel += 1;
  const inside = find(".sheet").contains(document.activeElement);
  openPixel(false);
  if (inside) shown.stack.focus({ preventScroll: true });
};

const showMarks = ({ row, column }) => {
  for (const mark of element.querySelectorAll(".mark")) {
    mark.style.left = `${(100 * (column + 0.5)) / shown.columns}%`;
    mark.style.top = `${(100 * (row + 0.5)) / shown.rows}%`;
    mark.hidden = false;
  }
};

/* The place is kept before the answer arrives, so that a key that is held down moves on. */
const choosePixel = async (stack, row, column) => {
  const turn = ++turns.pixel;
  Object.assign(shown, { stack, row, column });
  showMarks(shown);
  const question = { picture: shown.picture, row, column };
  const answer = await ask("pixel", question, () => turn !== turns.pixel);
  if (!answer) return;
  if (answer.error) {
    closePixel();
    if (!awaited) fail(capitalized(answer.error));
    return;
  }
  Object.assign(shown, { row: answer.row, column: answer.column });
  showMarks(shown);
  find(".place").textContent = `Pixel in row ${answer.row}, column ${answer.column}`;
  find(".tables").replaceChildren(...answer.runs.map(table));
  openPixel(true);
};

const movePixel = (event, stack) => {
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  const { row = shown.rows >> 1, column = shown.columns >> 1 } = shown;
  const step = Math.max(shown.every, Math.round(Math.max(shown.rows, shown.columns) / 200));
  const within = (place, count) => Math.min(Math.max(place, 0), count - 1);
  choosePixel(stack, within(row + step * move[0], shown.rows), within(column + step * move[1], shown.columns));
};

const table = (scores, index) => {
  const made = make("table");
  const adapts = scores[0].before !== null;
  made.append(make("caption", "", facts.runs[index].title));
  const head = made.createTHead().insertRow();
  for (const text of ["class", ...(adapts ? ["before", "after"] : ["probability"])]) {
    head.append(make("th", "", text));
  }
  const kinds = adapts ? ["before", "after"] : ["after"];
  const best = kinds.map((kind) => Math.max(...scores.map((score) => score[kind])));
  const body = made.createTBody();
  for (const score of scores) {
    const row = body.insertRow();
    row.append(named("td", score.number));
    kinds.forEach((kind, place) => {
      const cell = make("td", score[kind] === best[place] ? "value best" : "value", percent(score[kind]));
      cell.style.setProperty("--share", `${100 * score[kind]}%`);
      row.append(cell);
    });
  }
  return made;
};
