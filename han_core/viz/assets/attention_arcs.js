/* The text with the weights of one word: colours, and arcs to the strongest; for
   attention_map.js, in the same module. Words wrap as the text does, in either direction. */

const ARCS = 10; // at most
const LEAST = 1.5; // times uniform; a weaker weight has no arc

function beginWords(view) {
  const words = { spans: [], at: null, current: 0 }, { labels } = view;
  words.root = made("div", "hs hs-arcs");
  words.text = made("div", "hs-arc-text", { dir: "auto", lang: "", role: "group",
    "aria-label": labels.words });
  words.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  words.svg.setAttribute("class", "hs-arc-lines");
  words.svg.setAttribute("aria-hidden", "true");
  words.line = made("p", "hs-line", { role: "status" });
  const turn = (value) => { view.direction = value; drawWords(view); };
  words.root.append(made("div", "hs-bar-row", {}, made("h2", "hs-title", {}, labels.text),
    choice(labels.direction, [
      ["from", labels.from, labels.fromTitle],
      ["to", labels.to, labels.toTitle],
    ], view.direction, turn)),
  made("div", "hs-arc-scroll", { tabindex: -1 }, made("div", "hs-arc-place", {}, words.text, words.svg)),
  words.line);
  listenToWords(view, words);
  return words;
}

function listenToWords(view, words) {
  const { text } = words;
  const focused = () => document.activeElement; // where the pointer is on no word
  text.addEventListener("pointerover", ({ target }) =>
    lookAt(view, target.closest("[data-at]") ?? focused(), false));
  text.addEventListener("pointerleave", () => lookAt(view, focused(), false));
  text.addEventListener("focusin", ({ target }) => lookAt(view, target, true));
  text.addEventListener("focusout", () => lookAt(view, null, false));
  text.addEventListener("keydown", (event) => {
    const backward = getComputedStyle(text).direction === "rtl";
    const by = { ArrowRight: backward ? -1 : 1, ArrowLeft: backward ? 1 : -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
    if (!by) return;
    event.preventDefault();
    const last = words.spans.length - 1;
    words.spans[Math.max(0, Math.min(words.current + by, last))].focus();
  });
}

/* The words anew where the text is another one; their colours in any case. */
function drawWords(view) {
  const { words, data } = view;
  words.root.hidden = !data.gaps;
  if (!data.gaps) return;
  if (words.of !== data.keys && String(words.of) !== String(data.keys)) fillWords(view);
  colourWords(view);
}

function fillWords({ words, data }) {
  const special = new Set(data.special);
  words.of = data.keys;
  words.at = null;
  words.current = 0;
  words.spans = data.keys.map((label, at) => made("span", special.has(at) ? "hs-special" : "hs-word", {
    tabindex: at ? -1 : 0, "data-at": at,
  }, label));
  words.text.replaceChildren(...data.gaps.flatMap((gap, at) => [
    gap || (special.has(at) || special.has(at - 1) ? " " : ""), words.spans[at]]));
}

function lookAt(view, target, isKey) {
  const { words } = view;
  const span = target?.closest?.("[data-at]");
  const at = span && words.text.contains(span) ? Number(span.dataset.at) : null;
  if (isKey && at !== null) {
    words.spans[words.current].tabIndex = -1;
    words.spans[at].tabIndex = 0;
    words.current = at;
  }
  if (words.at === at) return;
  words.at = at;
  words.line.setAttribute("aria-live", isKey ? "polite" : "off");
  colourWords(view);
  const cursor = view.direction === "from" ? [at, null] : [null, at];
  point(view, at === null ? null : cursor, isKey);
}

/* Each word's weight from or to the word that is looked at; none where there is no such word. */
function weightsAround({ words, weights, data, direction }) {
  if (words.at === null || !weights) return null;
  const count = data.keys.length;
  return direction === "from" ? weights.subarray(words.at * count, (words.at + 1) * count)
    : Float32Array.from({ length: count }, (_, row) => weights[row * count + words.at]);
}

function colourWords(view) {
  const { words } = view;
  const around = weightsAround(view);
  words.spans.forEach((span, at) => {
    const { background, ink } = around ? painted(view, around[at]) : { background: "", ink: "" };
    Object.assign(span.style, { background, color: ink });
    span.classList.toggle("hs-looked", at === words.at);
  });
  words.line.textContent = around ? strongest(view, around) : view.labels.point;
  drawArcs(view);
}

function heaviest(around, number, least = 0) {
  return [...around.keys()].filter((at) => around[at] > least)
    .sort((one, other) => around[other] - around[one]).slice(0, number);
}

function strongest({ words, data, direction, labels }, around) {
  const named = heaviest(around, 5).map((at) => `\u2068${data.keys[at]}\u2069 ${share(around[at], 2)}`);
  const word = `\u2068${data.keys[words.at]}\u2069`;
  return filled(direction === "from" ? labels.attends : labels.attended,
    { word, words: named.join(labels.comma) });
}

/* Arcs from the middle of a word's upper edge to that of another; a loop to itself has none. */
function drawArcs(view) {
  const { words } = view;
  const around = view.data && weightsAround(view);
  if (!around) return words.svg.replaceChildren();
  const frame = words.svg.getBoundingClientRect();
  const top = (span) => {
    const box = span.getClientRects()[0];
    return [box.left + box.width / 2 - frame.left, box.top - frame.top + 2];
  };
  const [x, y] = top(words.spans[words.at]);
  const least = LEAST / around.length;
  words.svg.replaceChildren(...heaviest(around, ARCS, least)
    .filter((at) => at !== words.at)
    .map((at) => arc([x, y], top(words.spans[at]), Math.min(1, around[at] / view.data.top))));
}

function arc([x, y], [toX, toY], size) {
  const height = Math.min(46, 12 + Math.abs(toX - x) / 8 + Math.abs(toY - y) / 4);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", `M${x} ${y} Q${(x + toX) / 2} ${Math.min(y, toY) - height} ${toX} ${toY}`);
  path.setAttribute("stroke-width", 1 + 3 * size);
  path.setAttribute("opacity", 0.35 + 0.6 * size);
  return path;
}

/* The words of the cell under the cursor. */
function lightWords({ words, cursor }) {
  const lit = new Set((cursor ?? []).filter((at) => at !== null));
  words.spans.forEach((span, at) => span.classList.toggle("hs-lit-word", lit.has(at)));
}
