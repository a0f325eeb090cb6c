/* Pictures of a photograph by network, and the legend. */
/* Every list of shares counts: a class may be in a map before adaptation only. */
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
  stack.setAttribute("role", "application"); // screen readers pass the arrow keys on
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
      stack,
      place(event.clientY, box.top, box.height, shown.rows),
      place(event.clientX, box.left, box.width, shown.columns)
    );
  });
  stack.addEventListener("keydown", (event) => movePixel(event, stack));
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
    const share = values.changed_share ? percent(values.changed_share) : "none";
    const confidence = figure("confidence", "Confidence", `${percent(values.mean_confidence)} on average`,
      values.confidence, "");
    confidence.append(scale());
    const changed = figure("changed", "Changed", values.changed ? `${share} of the pixels` : "", values.changed, "dimmed");
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
  showLegend(shown.runs.flatMap((values) => values.shares));
  find(".controls").hidden = false;
  find(".photograph").textContent = `${shown.name}, ${shown.columns} x ${shown.rows} pixels`;
};
