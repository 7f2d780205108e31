/* The word heatmap in the browser, drawn from the JSON of heatmap.py.

   The same code is Streamlit's component and the stand-alone page. Foreign text only
   ever becomes a text node or an attribute. The running text is all the text that the
   root element has; labels, notes and numbers are attributes or stand beside it.

   heatmap_touch.js, what it does when it is touched, follows in the same module; so do
   overview.js, the bars beside it, and what Streamlit calls, of the heatmap alone (heatmap_component.js) or of a film (film.js). */

const VIEWS = new WeakMap();
let count = 0;

/* Draws data in place, or draws anew what is there; focus and opened folds stay.
   Where data are interactive, act gets {do, start, end, id}: "word" or "sentence" with
   its characters, or "back" with the id of something that was taken out. */
export function draw(place, data, act) {
  const view = VIEWS.get(place) ?? begin(place);
  view.act = data.interactive ? act : null;
  view.panel.classList.toggle("hs-interactive", Boolean(view.act));
  view.root.setAttribute("aria-label", data.labels.words);
  view.panel.dir = data.direction ?? "ltr"; // the bars' side; each sentence has its own direction
  const focused = view.root.contains(document.activeElement);
  Object.assign(view, { data, items: [], places: new Map(), rows: [], folds: [] });
  view.root.replaceChildren(rows(view));
  showFolds(view);
  showBars(view);
  stopAt(view, Math.max(0, Math.min(view.current, view.items.length - 1)));
  hideNote(view);
  if (focused) view.items[view.current]?.element.focus({ preventScroll: true });
}

function begin(place) {
  const view = { current: 0, opened: new Set(), all: false };
  view.panel = made("div", "hs hs-words");
  view.root = made("div", "hs-running", {
    "data-testid": "word-heatmap", role: "group", lang: "",
  });
  view.note = made("div", "hs-note", { role: "tooltip", id: `hs-note-${++count}`, hidden: "" });
  view.button = made("button", "hs-all", { type: "button" });
  view.panel.append(view.root, view.note, view.button);
  place.append(view.panel);
  VIEWS.set(place, view);
  listen(view);
  return view;
}

function made(name, classes, attributes = {}) {
  const element = document.createElement(name);
  element.className = classes;
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  return element;
}

/* Something that the arrow keys reach: a word, a sentence's bar, a fold, a word taken out. */
function item(view, element, kind, at) {
  element.tabIndex = -1;
  view.places.set(element, view.items.push({ element, kind, at }) - 1);
  return element;
}

/* Drawing. */

function rows(view) {
  const { data } = view;
  const { firsts } = data.sentences;
  const all = document.createDocumentFragment();
  const folds = new Map(data.folds.map((fold) => [fold[0], fold]));
  const out = data.out.map((_, at) => at); // those not yet drawn
  const marks = {
    unknown: new Set(data.unknown), added: new Set(data.added), rules: new Map(data.rules),
    styles: data.palette.map(([light, dark, inkLight, inkDark]) =>
      `background:light-dark(${light},${dark});color:light-dark(${inkLight},${inkDark})`),
  };
  const goneBefore = (token) => {
    while (out.length && data.out[out[0]][0] === token && isLong(data.out[out[0]][1]))
      all.append(goneRow(view, out.shift()));
  };
  firsts.forEach((first, number) => {
    if (folds.has(number)) all.append(foldRow(view, folds.get(number)));
    goneBefore(first);
    view.rows.push(sentenceRow(view, number, out, marks));
    all.append(view.rows[number]);
  });
  goneBefore(data.tokens.length);
  const last = view.rows.at(-1)?.lastChild ?? all;
  last.append(...out.map((at) => takenOut(view, at)), data.tail);
  if (data.unseen) all.append(unseenPart(data.unseen));
  return all;
}

/* A sentence has a line of its own when it is out; a word is struck through in its line. */
function isLong(text) {
  return text.length > 24 || /\s/.test(text.trim());
}

/* A sentence's bar and words, with the white space up to the next one's. */
function sentenceRow(view, number, out, marks) {
  const { data } = view;
  const { firsts, bars } = data.sentences;
  const label = joined(data.labels.pair, sentenceLines(data, number));
  const row = made("div", "hs-sentence", {
    role: "group", "aria-label": label, "data-sentence": number + 1,
  });
  const bar = made("span", "hs-weight", {
    role: view.act ? "button" : "img", "aria-label": label,
    "data-percent": percent(data.sentences.weights[number], 2), "data-number": number + 1,
  });
  bar.style.setProperty("--length", `${100 * bars[number]}%`);
  const text = made("div", "hs-text", { dir: "auto" });
  row.append(item(view, bar, "sentence", number), text);
  const end = firsts[number + 1] ?? data.tokens.length;
  for (let at = firsts[number]; at < end; at++) {
    const gap = at && at === firsts[number] ? "" : data.gaps[at];
    const half = Math.ceil(gap.length / 2); // what was taken out stands within the gap
    text.append(gap.slice(0, half));
    while (out.length && data.out[out[0]][0] === at) text.append(takenOut(view, out.shift()));
    text.append(gap.slice(half), word(view, at, marks));
  }
  if (end < data.tokens.length) text.append(data.gaps[end]);
  return row;
}

function word(view, at, marks) {
  const { data } = view;
  const rule = marks.rules.get(at);
  const token = document.createElement("span");
  token.className = "hs-token" + (rule ? " hs-top" : "") + (rule < 0 ? " hs-above" : "")
    + (marks.unknown.has(at) ? " hs-unknown" : "") + (marks.added.has(at) ? " hs-added" : "");
  token.setAttribute("data-start", data.starts[at]);
  token.setAttribute("data-end", data.ends[at]);
  token.setAttribute("data-weight", data.weights[at]);
  if (view.act) token.setAttribute("role", "button");
  token.style.cssText = marks.styles[data.colours[at]] + (rule ? `;--rule:${Math.abs(rule)}px` : "");
  token.textContent = data.tokens[at];
  return item(view, token, "word", at);
}

function takenOut(view, at) {
  const text = view.data.out[at][1];
  return item(view, made("span", "hs-out", {
    role: view.act ? "button" : "img", "data-text": text, "aria-label": filled(view.data.labels.out, { text }),
  }), "back", at);
}

function goneRow(view, at) {
  const row = made("div", "hs-sentence hs-gone");
  const text = made("div", "hs-text", { dir: "auto" });
  text.append(takenOut(view, at));
  row.append(made("span", "hs-empty"), text);
  return row;
}

function foldRow(view, [first, size, weight]) {
  const label = filled(view.data.labels.fold, { count: size, weight });
  const row = made("div", "hs-fold", { role: "button", "data-label": label, "aria-label": label });
  view.folds.push({ row, first, end: first + size });
  return item(view, row, "fold", view.folds.length - 1);
}

function unseenPart({ text, note }) {
  const part = made("div", "hs-unseen", {
    role: "note", "aria-label": note, "data-note": note, tabindex: "0", dir: "auto",
  });
  part.textContent = text;
  return part;
}
