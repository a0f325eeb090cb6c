/* Choosing a photograph, and asking the server; the last part of the script, which starts the page. */
const runs = find(".runs");
const visitor = crypto.getRandomValues(new Uint32Array(3)).join("-");
const turns = { photograph: 0, pixel: 0 };
let shown = null;
let awaited = false;

/* Null where a later question has replaced this one. */
const ask = async (name, question, isReplaced) => {
  let answer = null;
  try {
    answer = await server[name](question);
  } catch (error) {
    // without an answer, below
  }
  if (isReplaced()) return null;
  return answer || { error: "The server did not answer; look at the terminal in which it runs." };
};
const fail = (sentence) => {
  awaited = false;
  say(sentence, "error");
};
const capitalized = (sentence) => sentence[0].toUpperCase() + sentence.slice(1);

/* A photograph replaces the one that is awaited, and questions about pixels; these never replace it. */
const begin = (name) => {
  say(`Segmenting ${name} ...`, "busy");
  awaited = true;
  closePixel();
  return ++turns.photograph;
};
const show = async (turn, kind, question) => {
  const isReplaced = () => turn !== turns.photograph;
  if (isReplaced()) return;
  const answer = await ask(kind, { ...question, visitor, turn }, isReplaced);
  if (!answer) return;
  if (answer.error) {
    fail(capitalized(answer.error));
    return;
  }
  awaited = false;
  closePixel();
  shown = answer;
  showRuns();
  say("Click a pixel to see its classes.");
};

/* Takes its turn before the file is read, because a large one takes longer than what is chosen next. */
const send = (file) => {
  if (!file) return;
  const turn = begin(file.name);
  if (file.size > facts.max_bytes) {
    fail(`${file.name} has ${file.size} bytes, more than max_bytes=${facts.max_bytes}; choose a smaller file`);
    return;
  }
  const reader = new FileReader();
  reader.onload = () => show(turn, "upload", { name: file.name, content: reader.result.split(",")[1] || "" });
  reader.onerror = () => {
    if (turn === turns.photograph) fail(`${file.name} cannot be read; choose another file`);
  };
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
find(".close").addEventListener("click", closePixel);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePixel();
});

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
  button.addEventListener("click", () => show(begin(sample.name), "sample", { number }));
  samples.append(button);
});
showLegend([]);
