const facts = props.facts;
const find = (selector) => element.querySelector(selector);
const message = find(".message");
const runs = find(".runs");
let shown = null;
let asked = 0;

const make = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const percent = (share) => (share >= 0.001 ? `${(100 * share).toFixed(1)} %` : "< 0.1 %");
const say = (text, kind) => {
  message.textContent = text;
  message.className = `message ${kind || ""}`;
};

/* Asks the server; the answer to a question that a later one has replaced is dropped. */
const ask = async (name, question) => {
  const turn = ++asked;
  let answer;
  try {
    answer = await server[name](question);
  } catch (error) {
    answer = null;
  }
  if (turn !== asked) return null;
  if (!answer) answer = { error: "The server did not answer; look at the terminal in which it runs." };
  if (answer.error) say(answer.error[0].toUpperCase() + answer.error.slice(1), "error");
  return answer.error ? null : answer;
};

const swatch = (number) => {
  const made = make("i", "swatch");
  made.style.background = facts.colors[number];
  return made;
};
const named = (tag, number, note) => {
  const made = make(tag);
  made.append(swatch(number), facts.classes[number] + (note ? ` ${note}` : ""));
  return made;
};

const showLegend = (shares) => {
  const legend = find(".legend");
  legend.replaceChildren();
  const numbers = facts.classes.map((_, number) => number);
  const largest = numbers.map((number) => Math.max(...shares.map((share) => share[number])));
  const present = numbers.filter((number) => largest[number] > 0).sort((a, b) => largest[b] - largest[a]);
  const absent = numbers.filter((number) => !(largest[number] > 0));
  const list = (chosen) => {
    const made = make("ul");
    made.append(...chosen.map((number) => named("li", number)));
    return made;
  };
  if (!shares.length) {
    legend.append(list(numbers));
    return;
  }
  legend.append(list(present));
  if (absent.length) {
    const details = make("details");
    details.append(make("summary", "", `${absent.length} classes that no network sees here`), list(absent));
    legend.append(details);
  }
};

const figure = (kind, title, note, layer, className) => {
  const made = make("figure", kind);
  const caption = make("figcaption");
  caption.append(make("b", "", title), note ? `: ${note}` : "");
  made.append(caption);
  if (!layer) {
    made.append(make("div", "empty note", "this classifier does not adapt"));
    return made;
  }
  const stack = make("div", `stack ${className}`);
  stack.tabIndex = 0;
  stack.setAttribute("role", "img");
  stack.setAttribute("aria-label", `${title}; choose a pixel by a click or with the arrow keys`);
  for (const source of [shown.source, layer]) {
    const image = make("img");
    image.src = source;
    image.alt = "";
    image.draggable = false;
    stack.append(image);
  }
  if (kind === "after" || kind === "before") stack.lastChild.className = "fading";
  const mark = make("i", "mark");
  mark.hidden = true;
  stack.append(mark);
  stack.addEventListener("click", (event) => {
    const box = stack.getBoundingClientRect();
    const place = (at, begin, length, count) =>
      Math.min(Math.max(Math.floor(((at - begin) / length) * count), 0), count - 1);
    choosePixel(
      place(event.clientY, box.top, box.height, shown.rows),
      place(event.clientX, box.left, box.width, shown.columns)
    );
  });
  stack.addEventListener("keydown", (event) => movePixel(event));
  made.append(stack);
  return made;
};

const scale = () => {
  const made = make("div");
  const bar = make("div", "scale");
  bar.style.background = `linear-gradient(to right, ${facts.scale.join(", ")})`;
  const ends = make("div", "ends");
  ends.append(make("span", "", "0"), make("span", "", "probability of the class"), make("span", "", "1"));
  made.append(bar, ends);
  return made;
};

/* Takes its place also where nothing can change, so that pictures of networks stay side by side. */
const stripes = (visible) => {
  const made = make("div", "ends");
  if (!visible) made.style.visibility = "hidden";
  const text = make("span", "", "the class differs before and after adaptation");
  const sample = make("i", "swatch");
  sample.style.background = `repeating-linear-gradient(${facts.changed} 0 3px, black 3px 6px)`;
  text.prepend(sample);
  made.append(text);
  return made;
};

const showRuns = () => {
  runs.replaceChildren();
  element.style.setProperty("--aspect", `${shown.columns} / ${shown.rows}`);
  runs.classList.toggle("small", Math.max(shown.rows, shown.columns) < 320);
  shown.runs.forEach((values, index) => {
    const run = make("article", "run");
    const origin = make("p", "facts", facts.runs[index].facts);
    origin.title = facts.runs[index].facts;
    run.append(make("h2", "", facts.runs[index].title), origin);
    const views = make("div", "views");
    const share = values.changed ? `${percent(values.changed_share)} of the pixels` : "";
    const confidence = figure("confidence", "Confidence", `${percent(values.mean_confidence)} on average`,
      values.confidence, "");
    confidence.append(scale());
    const changed = figure("changed", "Changed", share, values.changed, "dimmed");
    changed.append(stripes(values.changed));
    views.append(
      figure("after", values.before ? "After adaptation" : "Classes", "", values.after, ""),
      figure("before", "Before adaptation", "", values.before, ""),
      changed,
      confidence
    );
    run.append(views);
    runs.append(run);
  });
  showLegend(shown.runs.map((values) => values.shares));
  find(".controls").hidden = false;
  find(".photograph").textContent = `${shown.name}, ${shown.columns} x ${shown.rows} pixels`;
};

const show = async (name, kind, question) => {
  say(`Segmenting ${name} ...`, "busy");
  openPixel(false);
  const answer = await ask(kind, question);
  if (!answer) return;
  shown = answer;
  showRuns();
  say("Click a pixel to see its classes.");
};

const openPixel = (open) => {
  find(".pixel").hidden = !open;
  find(".demo").classList.toggle("open", open);
};

const choosePixel = async (row, column) => {
  const answer = await ask("pixel", { picture: shown.picture, row, column });
  if (!answer) return;
  shown.pixel = answer;
  for (const mark of element.querySelectorAll(".mark")) {
    mark.style.left = `${(100 * (answer.column + 0.5)) / shown.columns}%`;
    mark.style.top = `${(100 * (answer.row + 0.5)) / shown.rows}%`;
    mark.hidden = false;
  }
  find(".place").textContent = `Pixel in row ${answer.row}, column ${answer.column}`;
  find(".tables").replaceChildren(...answer.runs.map(table));
  openPixel(true);
};

const movePixel = (event) => {
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  const from = shown.pixel || { row: shown.rows >> 1, column: shown.columns >> 1, every: 1 };
  const step = Math.max(from.every, Math.round(Math.max(shown.rows, shown.columns) / 200));
  const within = (place, count) => Math.min(Math.max(place, 0), count - 1);
  choosePixel(within(from.row + step * move[0], shown.rows), within(from.column + step * move[1], shown.columns));
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

const send = (file) => {
  if (!file) return;
  if (file.size > facts.max_bytes) {
    asked += 1;
    say(`${file.name} has ${file.size} bytes, more than max_bytes=${facts.max_bytes}; choose a smaller file`, "error");
    return;
  }
  const reader = new FileReader();
  reader.onload = () => show(file.name, "upload", { name: file.name, content: reader.result.split(",")[1] || "" });
  reader.onerror = () => say(`${file.name} cannot be read; choose another file`, "error");
  reader.readAsDataURL(file);
};

const input = find("input[type=file]");
const drop = find(".drop");
input.addEventListener("change", () => {
  send(input.files[0]);
  input.value = ""; // so that the same file can be chosen again
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") send(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => send(event.clipboardData.files[0]));

const opacity = find(".opacity");
const fade = () => element.style.setProperty("--opacity", opacity.value / 100);
opacity.addEventListener("input", fade);
fade();
find(".close").addEventListener("click", () => openPixel(false));

const count = facts.runs.length;
element.style.setProperty("--runs", count);
runs.classList.toggle("alone", count === 1);
const networks = count === 1 ? "A network" : `${count} networks`;
find(".lead").textContent = `${networks} trained on ${facts.data}: what ${count === 1 ? "it makes" : "they make"} ` +
  "of a photograph, before and after adapting to it.";
find(".limits").textContent = `up to ${facts.max_pixels / 1e6} million pixels and ${facts.max_bytes / 1e6} MB; ` +
  "it stays in memory and is not kept";
const samples = find(".samples");
samples.append(make("p", "note", `Samples: ${facts.origin}`));
facts.samples.forEach((sample, number) => {
  const button = make("button", "", sample.source ? undefined : sample.name);
  button.title = sample.name;
  if (sample.source) {
    const image = make("img");
    image.src = sample.source;
    image.alt = sample.name;
    button.append(image);
  }
  button.addEventListener("click", () => show(sample.name, "sample", { number }));
  samples.append(button);
});
showLegend([]);
