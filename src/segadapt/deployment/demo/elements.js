/* Elements that the page is made of. */
const facts = props.facts;
const find = (selector) => element.querySelector(selector);

const make = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const percent = (share) => (share >= 0.001 ? `${(100 * share).toFixed(1)} %` : "< 0.1 %");
const say = (text, kind) => {
  const message = find(".message");
  message.textContent = text;
  message.className = `message ${kind || ""}`;
};

const swatch = (number) => {
  const made = make("i", "swatch");
  made.style.background = facts.colors[number];
  return made;
};
const named = (tag, number) => {
  const made = make(tag);
  made.append(swatch(number), facts.classes[number]);
  return made;
};
