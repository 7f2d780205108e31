/* The alignment of a sentence and its translation, drawn from the JSON of translation.py.

   Two lines of words, the decoder step by step, and a table of target × source. Foreign text only
   ever becomes a text node or an attribute. One step is shown at a time: the one that the pointer
   or the focus is on, else the one that was chosen last. */

const VIEWS = new WeakMap();

/* Single characters, and words of scripts that are written from top to bottom, stand upright. */
const UPRIGHT = /^.$|^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+$/u;

export function drawAlignment(place, data, act = null) {
  const drawn = JSON.stringify(data);
  let view = VIEWS.get(place);
  if (view?.drawn === drawn) return;
  view?.root.remove();
  const same = view && String(view.data.target) === String(data.target); // other values, same words
  view = { data, drawn, act: data.interactive ? act : null, step: same ? view.step : 0, stepping: Boolean(same && view.stepping) };
  view.root = made("div", "hs hs-align", { "data-testid": "alignment" });
  view.line = made("p", "hs-line", { role: "status" });
  view.candidates = made("table", "hs-candidates");
  view.root.append(lines(view), made("div", "hs-align-parts", {}, matrix(view), stepper(view)));
  place.append(view.root);
  VIEWS.set(place, view);
  show(view);
}

function endAlignment(place) {
  VIEWS.get(place)?.root.remove();
  VIEWS.delete(place);
}

function made(name, classes, attributes = {}, ...inside) {
  const element = document.createElement(name);
  element.className = classes;
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.append(...inside);
  return element;
}

function percent(share) {
  return share === null ? "–" : share > 0 && share < 0.0005 ? "<0.1%" : `${(100 * share).toFixed(1)}%`;
}

/* Isolated, so that a word from right to left leaves the numbers beside it in their places. */
function quoted(word) {
  return `“\u2068${word}\u2069”`;
}

function paint(element, { palette, low, top }, value) {
  const at = Math.max(0, Math.min(1, (value / top - low) / (1 - low)));
  const [light, dark, inkLight, inkDark] = palette[Math.round(at * (palette.length - 1))];
  element.style.background = `light-dark(${light}, ${dark})`;
  element.style.color = `light-dark(${inkLight}, ${inkDark})`;
}

/* The two sentences. */

function lines(view) {
  const { data } = view, { labels } = data;
  view.sources = data.source.map((word, at) => made("span", "hs-align-word",
    { "data-at": at, ...(data.known[at] ? {} : { title: labels.unknown }) }, word));
  view.sources.forEach((word, at) => word.classList.toggle("hs-unknown", !data.known[at]));
  view.targets = data.target.map((word, at) => {
    const button = made("button", "hs-align-word", { type: "button", "data-at": at, tabindex: at ? -1 : 0 }, word);
    if (data.probabilities[at] === null) button.classList.add("hs-unknown");
    button.addEventListener("pointerenter", () => show(view, at));
    button.addEventListener("pointerleave", () => show(view));
    button.addEventListener("focus", () => choose(view, at));
    button.addEventListener("click", () => choose(view, at));
    return button;
  });
  const target = line(view.targets, data.targetGaps, "target");
  target.setAttribute("role", "toolbar");
  target.setAttribute("aria-label", filled(labels.words, { name: data.targetName }));
  target.addEventListener("keydown", (event) => {
    const forward = getComputedStyle(target).direction === "rtl" ? -1 : 1;
    const moves = { ArrowRight: forward, ArrowDown: 1, ArrowLeft: -forward, ArrowUp: -1, Home: -Infinity, End: Infinity };
    const by = moves[event.key];
    if (by === undefined) return;
    event.preventDefault();
    view.targets[Math.max(0, Math.min(view.targets.length - 1, Math.min(view.step, view.targets.length - 1) + by))]?.focus();
  });
  return made("div", "hs-align-lines", {},
    made("span", "hs-align-side", {}, data.sourceName), line(view.sources, data.sourceGaps, "source"),
    made("span", "hs-align-side", {}, data.targetName), target);
}

function line(words, gaps, side) {
  const row = made("div", "hs-align-line", { dir: "auto", "data-side": side });
  words.forEach((word, at) => row.append(gaps[at], word));
  row.append(gaps[words.length]);
  return row;
}

/* The decoder, word by word. */

function stepper(view) {
  const button = (text, title, press) => {
    const one = made("button", "hs-tool", { type: "button", title }, text);
    one.addEventListener("click", press);
    return one;
  };
  const { labels } = view.data, last = view.data.steps.length - 1;
  const go = (to) => choose(view, Math.max(0, Math.min(last, to)), true);
  view.previous = button(labels.previous, labels.previousTitle, () => go(view.stepping ? view.step - 1 : 0));
  view.next = button(labels.next, labels.nextTitle, () => go(view.stepping ? view.step + 1 : 0));
  view.whole = button(labels.whole, labels.wholeTitle, () => choose(view, view.step, false));
  view.count = made("span", "hs-align-count");
  return made("div", "hs-align-steps", {},
    made("div", "hs-bar-row", {}, view.previous, view.next, view.whole, view.count),
    view.line, view.candidates);
}

function choose(view, step, stepping = view.stepping) {
  Object.assign(view, { step, stepping });
  view.targets.forEach((word, at) => {
    word.tabIndex = at === Math.min(step, view.targets.length - 1) ? 0 : -1;
  });
  show(view);
}

/* Shows a step; without one, the one that was chosen. */
function show(view, step = view.step) {
  const { data } = view, row = data.values[step];
  view.sources.forEach((word, at) => {
    if (row) return paint(word, data, row[at]);
    word.style.background = word.style.color = "";
  });
  view.targets.forEach((word, at) => {
    word.classList.toggle("hs-align-on", at === step);
    word.setAttribute("aria-pressed", at === step);
    word.classList.toggle("hs-align-later", view.stepping && at > view.step);
  });
  view.rows?.forEach((line, at) => line.classList.toggle("hs-align-on", at === step));
  view.count.textContent = filled(data.labels.step, { number: step + 1, count: data.steps.length });
  view.previous.disabled = view.stepping && view.step === 0;
  view.next.disabled = view.stepping && view.step === data.steps.length - 1;
  view.whole.disabled = !view.stepping;
  view.line.textContent = stepLine(data, step);
  view.candidates.replaceChildren(...candidateRows(view, step));
}

function stepLine({ target, source, values, probabilities, steps, measure, labels }, step) {
  if (step >= target.length) {
    const end = steps[step]?.find(({ said }) => said);
    return end ? filled(labels.end, { share: percent(end.probability) }) : "";
  }
  const row = values[step], most = row.indexOf(Math.max(...row));
  const likely = probabilities[step] === null ? labels.unknown : percent(probabilities[step]);
  return filled(labels.most, { word: quoted(target[step]), share: likely, measure,
    source: quoted(source[most]), weight: percent(row[most]) });
}

function candidateRows({ data: { steps, labels }, act }, step) {
  const head = made("tr", "", {}, ...labels.candidates.map((name) => made("th", "", { scope: "col" }, name)));
  const candidate = (word, at, said) => {
    if (!act || said) return word;
    const button = made("button", "hs-candidate", { type: "button", title: labels.goOn }, word);
    button.addEventListener("click", () => act({ do: "candidate", step, candidate: at }));
    return button;
  };
  return [made("thead", "", {}, head), made("tbody", "", {}, ...(steps[step] ?? []).map(({ word, probability, rank, said }, at) => {
    const bar = made("i", "");
    bar.style.width = `${100 * probability}%`;
    return made("tr", said ? "hs-said" : "", {},
      made("th", "", { scope: "row", dir: "auto" }, candidate(word || labels.ends, at, said), said ? " ✓" : ""),
      made("td", "", {}, String(rank)),
      made("td", "", {}, made("span", "hs-track", {}, bar), made("span", "hs-chance", {}, percent(probability))));
  }))];
}

/* Target × source. */

function matrix(view) {
  const { data } = view;
  view.note = made("p", "hs-line hs-align-note", { role: "status" }, data.labels.hint);
  const head = made("tr", "", {}, made("td", ""), ...data.source.map((word) =>
    made("th", "", { scope: "col" }, made("span", UPRIGHT.test(word) ? "hs-align-column hs-upright" : "hs-align-column", {}, word))));
  view.rows = data.values.map((row, at) => made("tr", "", { "data-at": at },
    made("th", "", { scope: "row", dir: "auto" }, data.target[at]),
    ...row.map((value, column) => cell(data, value, { "data-row": at, "data-column": column }))));
  const parts = [made("thead", "", {}, head), made("tbody", "", {}, ...view.rows)];
  if (data.coverage) {
    const sums = data.coverage.map((sum) => made("td", "hs-align-sum", {}, sum.toFixed(1)));
    parts.push(made("tfoot", "", {}, made("tr", "", {}, made("th", "", { scope: "row" }, data.labels.sum), ...sums)));
  }
  const table = made("table", "hs-align-matrix", { "aria-label": filled(data.labels.table, { measure: data.measure }) }, ...parts);
  listen(view, table);
  const first = table.querySelector("[data-row]");
  if (first) first.tabIndex = 0;
  return made("div", "hs-align-table", {}, made("div", "hs-align-scroll", {}, table), view.note);
}

function cell(data, value, places) {
  const made_ = made("td", "hs-align-cell", { tabindex: -1, ...places });
  paint(made_, data, value);
  return made_;
}

function listen(view, table) {
  const at = (target) => target.closest?.("[data-row]");
  const point = (target) => {
    const { row, column } = target?.dataset ?? {};
    view.note.textContent = target ? cellLine(view.data, +row, +column) : view.data.labels.hint;
    show(view, target ? +row : undefined);
  };
  table.addEventListener("pointerover", ({ target }) => point(at(target)));
  table.addEventListener("pointerleave", () => point(null));
  table.addEventListener("focusin", ({ target }) => point(at(target)));
  table.addEventListener("focusout", () => point(null));
  table.addEventListener("click", ({ target }) => at(target) && choose(view, +at(target).dataset.row));
  table.addEventListener("keydown", (event) => {
    const from = at(event.target);
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!from || !move) return;
    event.preventDefault();
    const [row, column] = [+from.dataset.row + move[0], +from.dataset.column + move[1]];
    const to = table.querySelector(`[data-row="${row}"][data-column="${column}"]`);
    if (!to) return;
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
}

function cellLine({ target, source, values, measure, labels }, row, column) {
  return filled(labels.cell, { target: quoted(target[row]), source: quoted(source[column]),
    measure: measure.toLowerCase(), value: percent(values[row][column]) });
}

/* What Streamlit calls, at first and whenever the data are others. */
export default function ({ data, parentElement, setTriggerValue }) {
  drawAlignment(parentElement, data, (act) => setTriggerValue("act", act));
  return () => endAlignment(parentElement);
}
