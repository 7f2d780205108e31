/* One step of attention in the browser, drawn from the JSON of anatomy.py.

   Vectors come once; softmax, temperature, masks and padding are computed here. Foreign text
   only ever becomes a text node or an attribute. Two parts follow in the same module:
   anatomy_rows.js, the table of rows, and anatomy_detail.js, the chosen row, the context and
   the logits. */

const VIEWS = new WeakMap();
const SAFE = 50; // the largest score whose exponential is shown as it is
const PACE = 2200; // milliseconds of a step while it plays

/* Softmax with everything that a reader can change (weights over rows, and over padding). */
export function attend(scores, { temperature = 1, factor = 1, masked = new Set(), pads = 0,
  padScore = 0, padsMasked = true } = {}) {
  const scaled = Array.from(scores, (score) => score * factor / temperature);
  const open = pads && !padsMasked;
  const pad = padScore * factor / temperature;
  const seen = scaled.filter((_, row) => !masked.has(row)).concat(open ? [pad] : []);
  const largest = seen.length ? Math.max(...seen) : 0;
  const shift = Math.abs(largest) > SAFE ? largest : 0;
  const exponentials = scaled.map((score, row) => masked.has(row) ? 0 : Math.exp(score - shift));
  const padExponential = open ? Math.exp(pad - shift) : 0;
  const sum = exponentials.reduce((all, one) => all + one, 0) + pads * padExponential;
  return {
    scores: scaled, shift, exponentials, sum, pad, padExponential,
    weights: exponentials.map((one) => sum ? one / sum : 0),
    padWeight: sum ? pads * padExponential / sum : 0,
  };
}

/* Draws data in place, or draws anew what is there; the same data leave it as it is. */
export function drawAnatomy(place, data) {
  const before = VIEWS.get(place);
  if (before?.data.id === data.id) return;
  endAnatomy(place);
  const view = beginAnatomy(data);
  VIEWS.set(place, view);
  place.append(view.root);
  // A dialog stands beside the app, whose theme it does not inherit.
  const app = document.querySelector("[data-testid=stApp]");
  if (app) view.root.style.colorScheme = getComputedStyle(app).colorScheme;
  update(view);
}

function endAnatomy(place) {
  const view = VIEWS.get(place);
  if (!view) return;
  clearInterval(view.playing);
  view.root.remove();
  VIEWS.delete(place);
}

function beginAnatomy(data) {
  const view = { data, numbers: unpackAll(data), chosen: data.chosen, playing: null };
  view.stages = ["input", "state", ...(data.form === "additive" ? ["feature"] : []),
    "score", "exp", "weight", "context", ...(data.classes ? ["logit"] : [])];
  // All is seen until somebody walks through the steps.
  Object.assign(view, { walks: data.begins, stage: data.begins ? 0 : view.stages.indexOf("weight") });
  resetChanges(view);
  view.own = attend(view.numbers.scores);
  view.root = made("section", "hs hs-anatomy", {
    "data-testid": "anatomy", "aria-label": data.texts.label, dir: data.direction,
  });
  view.said = made("p", "hs-step-note", { role: "status", "aria-live": "polite" });
  view.value = made("p", "hs-value-note", { "aria-live": "off" });
  view.rows = beginRows(view);
  view.detail = beginDetail(view);
  view.root.append(steps(view), view.said, controls(view),
    made("div", "hs-anatomy-body", {}, view.rows.root, view.detail.root), view.value);
  listenToStrips(view);
  return view;
}

function resetChanges(view) {
  view.changes = { temperature: 1, factor: 1, masked: new Set(), pads: 0,
    padScore: view.data.padding, padsMasked: true };
}

/* Everything that follows from the changes, in one pass. */
function update(view) {
  view.now = attend(view.numbers.scores, view.changes);
  showRows(view);
  showDetail(view);
  showStage(view);
}

/* Numbers: float32 in base64. */
function unpackAll({ numbers }) {
  const unpacked = {};
  for (const name in numbers) {
    const letters = atob(numbers[name]);
    const bytes = Uint8Array.from({ length: letters.length }, (_, at) => letters.charCodeAt(at));
    unpacked[name] = new Float32Array(bytes.buffer);
  }
  return unpacked;
}

function vectorOf({ data, numbers }, part, row) {
  const size = data.sizes[part];
  const at = part === "states" ? row : row - data.first;
  return numbers[part].subarray(at * size, (at + 1) * size);
}

/* Steps. */

function steps(view) {
  const { texts, hidden } = view.data;
  const bar = made("div", "hs-anatomy-steps");
  if (hidden.includes("steps")) return bar;
  const move = (by) => { pause(view); goTo(view, view.stage + by); };
  view.buttons = {
    previous: button("◀", texts.previous, () => move(-1)),
    next: button("▶", texts.next, () => move(1)),
    play: button(texts.play, texts.play, () => view.playing ? pause(view) : play(view)),
  };
  view.buttons.play.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
  view.counter = made("span", "hs-quiet");
  bar.append(view.buttons.previous, view.buttons.next, view.buttons.play, view.counter);
  return bar;
}

function goTo(view, stage) {
  view.walks = true;
  view.stage = Math.max(0, Math.min(view.stages.length - 1, stage));
  showStage(view);
}

function play(view) {
  if (view.stage === view.stages.length - 1) goTo(view, 0);
  view.playing = setInterval(() => {
    if (!view.root.isConnected) return pause(view);
    goTo(view, view.stage + 1);
    if (view.stage === view.stages.length - 1) pause(view);
  }, PACE);
  showStage(view);
}

function pause(view) {
  clearInterval(view.playing);
  view.playing = null;
  showStage(view);
}

function showStage(view) {
  const { texts } = view.data;
  const name = view.stages[view.stage];
  view.root.dataset.stage = name;
  for (const part of view.root.querySelectorAll("[data-part]"))
    part.classList.toggle("hs-later", view.walks && view.stages.indexOf(part.dataset.part) > view.stage);
  for (const part of view.root.querySelectorAll("th[data-part]"))
    part.classList.toggle("hs-current", part.dataset.part === name);
  const fixed = name === "score" && view.data.form === "fixed";
  const note = fill(fixed ? texts.fixed : texts[`step_${name}`], figures(view));
  say(view, name === "context" && !view.data.classes ? `${note} ${texts.context_next}` : note);
  if (!view.buttons) return;
  const { previous, next, play: player } = view.buttons;
  previous.disabled = view.stage === 0;
  next.disabled = view.stage === view.stages.length - 1;
  player.textContent = player.title = view.playing ? texts.pause : texts.play;
  view.counter.textContent = fill(texts.step_of, { at: view.stage + 1, of: view.stages.length });
}

/* What stands in sentences about the chosen row. */
function figures(view) {
  const { data, now, chosen } = view;
  return {
    name: data.names[chosen], unit: data.texts[data.unit], score: number(now.scores[chosen]),
    exp: number(now.exponentials[chosen]), sum: number(now.sum),
    weight: percent(now.weights[chosen]), before: percent(view.own.weights[chosen]),
  };
}

function say(view, note) {
  const { texts } = view.data;
  const changed = isChanged(view) ? fill(view.now.sum ? texts.changed : texts.empty, figures(view)) : "";
  const simulated = view.changes.pads ? texts.pads_note : "";
  const line = [note, changed, simulated].filter(Boolean).join(" ");
  if (view.said.textContent !== line) view.said.textContent = line;
}

function isChanged({ changes }) {
  return changes.temperature !== 1 || changes.factor !== 1 || changes.masked.size > 0
    || (changes.pads > 0 && !changes.padsMasked);
}

/* Controls. */

function controls(view) {
  const { texts, hidden, form, divisor, unit } = view.data;
  const bar = made("div", "hs-anatomy-controls");
  const redraw = () => update(view);
  view.inputs = [];
  const add = (name, ...parts) => { if (!hidden.includes(name)) bar.append(...parts); };
  if (form !== "fixed") {
    add("temperature", slider(view, texts.temperature, [-3, 4, 0.25], (power) => number(2 ** power, 2),
      (power) => {
        view.changes.temperature = 2 ** power;
        redraw();
      }));
    if (form === "dot") add("scaling", checkbox(view, texts.scaling, true, (on) => {
      view.changes.factor = on ? 1 : divisor;
      redraw();
    }));
    if (unit === "word") add("padding", slider(view, texts.pads, [0, 50, 1], String, (pads) => {
      view.changes.pads = pads;
      redraw();
    }), checkbox(view, texts.pads_masked, true, (on) => {
      view.changes.padsMasked = on;
      redraw();
    }));
  }
  if (bar.childElementCount || !hidden.includes("mask")) bar.append(button(texts.reset, texts.reset, () => {
    resetChanges(view);
    for (const reset of view.inputs) reset();
    redraw();
  }));
  return bar;
}

/* A slider that begins at 0; write says its value to people. */
function slider(view, label, [min, max, step], write, change) {
  const input = made("input", "", { type: "range", min, max, step, value: 0 });
  const output = made("output", "hs-number");
  const show = () => {
    output.textContent = write(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    change(Number(input.value));
    show();
  });
  view.inputs.push(() => {
    input.value = 0;
    show();
  });
  show();
  return made("label", "hs-control", {}, `${label} `, input, output);
}

function checkbox(view, label, first, change) {
  const input = made("input", "", { type: "checkbox" });
  input.checked = first;
  input.addEventListener("change", () => change(input.checked));
  view.inputs.push(() => { input.checked = first; });
  return made("label", "hs-control", {}, input, ` ${label}`);
}

/* Elements and numbers for people. */

function made(name, classes, attributes = {}, ...inside) {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.append(...inside);
  return element;
}

function button(text, title, press) {
  const element = made("button", "hs-tool", { type: "button", title, "aria-label": title }, text);
  element.addEventListener("click", press);
  return element;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => key in values ? values[key] : whole);
}

function number(value, digits = 4) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace("-", "−");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

function percent(weight) {
  if (weight > 0 && weight < 1e-6) return "<0.0001%";
  return `${Number((100 * weight).toPrecision(4))}%`;
}

/* What Streamlit calls, at first and whenever the data are others. */
export default function ({ data, parentElement }) {
  drawAnatomy(parentElement, data);
  return () => endAnatomy(parentElement);
}
