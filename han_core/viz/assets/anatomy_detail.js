/* The chosen row, the context and the logits for anatomy.js. */

const PRODUCTS = 8; // of the largest size that are listed

function beginDetail(view) {
  const { texts, classes } = view.data;
  const detail = {
    root: made("div", "hs-anatomy-detail"),
    title: made("h2", "hs-detail-title"),
    formula: made("p", "hs-formula"),
    strips: made("div", "hs-detail-strips"),
    products: made("tbody", ""),
    share: made("p", "hs-formula", { "data-part": "weight" }),
    context: made("div", "hs-detail-strips", { "data-part": "context" }),
    logits: made("tbody", ""),
    shown: null,
  };
  const factor = texts[`factor_${view.data.form}`];
  const products = made("table", "hs-products", { "data-part": "score" }, header(
    texts.unit, texts[`feature_${view.data.form}`], factor, texts.product), detail.products);
  detail.root.append(detail.title, detail.formula, detail.strips);
  if (factor) detail.root.append(products);
  detail.root.append(detail.share, detail.context);
  if (classes) {
    detail.root.append(made("table", "hs-products", { "data-part": "logit" }, header(
      texts.class, texts.logit, ...(classes.whole ? [texts.probability] : [])), detail.logits));
  }
  return detail;
}

function header(...names) {
  const cells = names.map((name, at) =>
    made("th", at ? "hs-number" : "", { scope: "col" }, name ?? ""));
  return made("thead", "", {}, made("tr", "", {}, ...cells));
}

function showDetail(view) {
  if (view.detail.shown !== view.chosen) showChosen(view);
  showScore(view);
  const { exp, sum, weight } = figures(view);
  view.detail.share.textContent = `α = ${exp} / ${sum} = ${weight}`;
  showContext(view);
}

/* Strips of the chosen row, which the arrow keys read number by number. */
function showChosen(view) {
  const { data, detail, chosen } = view;
  const { texts } = data;
  detail.shown = chosen;
  const name = data.names[chosen];
  detail.title.textContent = fill(texts.why, { name });
  const parts = [["input", "inputs", 1], ["state", "states", data.directions]];
  if (data.form === "additive") parts.push(["feature", "features", 1]);
  const rows = parts.flatMap(([part, numbers, halves]) => {
    const vector = vectorOf(view, numbers, chosen);
    return halvesOf(vector, halves).map((half, at) => readable(view, half, {
      name, part: partName(view, part, halves, at),
    }, stripLabel(view, part, halves, at), part));
  });
  const { query } = view.numbers;
  if (query.length) rows.push(readable(view, query, { name: "", part: texts[`factor_${data.form}`] },
    texts[`factor_${data.form}`], "score"));
  detail.strips.replaceChildren(...rows);
}

function halvesOf(vector, halves) {
  const size = vector.length / halves;
  return Array.from({ length: halves }, (_, at) => vector.subarray(at * size, (at + 1) * size));
}

function stripLabel({ data }, part, halves, half) {
  const { texts } = data;
  if (part === "input") return texts[`input_${data.unit}`];
  if (part === "context") return halves === 2 ? `Σ α h ${half ? "←" : "→"}` : "Σ α h";
  if (part !== "state") return texts[part];
  return halves === 2 ? `h ${half ? "←" : "→"} ${half ? texts.backward : texts.forward}` : texts.state;
}

function readable(view, vector, told, label, part) {
  const canvas = strip(view, vector, told);
  canvas.removeAttribute("aria-hidden");
  let at = 0;
  const show = () => {
    canvas.setAttribute("aria-valuenow", at + 1);
    canvas.setAttribute("aria-valuetext", `${at + 1}: ${number(vector[at], 5)}`);
  };
  for (const [key, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": label,
    "aria-valuemin": 1, "aria-valuemax": vector.length })) canvas.setAttribute(key, value);
  show();
  canvas.addEventListener("focus", () => tellNumber(view, canvas, at));
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1, PageUp: 10,
      PageDown: -10, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    at = Math.max(0, Math.min(vector.length - 1, at + moves[event.key]));
    show();
    tellNumber(view, canvas, at);
  });
  return made("div", "hs-readable", { "data-part": part }, made("span", "", {}, label), canvas);
}

/* The products that add up to the score. */
function showScore(view) {
  const { data, detail, chosen, numbers, changes } = view;
  const { texts } = data;
  const plain = data.form === "dot" && changes.factor !== 1;
  if (data.form === "fixed") {
    detail.formula.textContent = texts.fixed;
    return;
  }
  detail.formula.textContent = texts[`formula_${data.form}${plain ? "_plain" : ""}`];
  const features = vectorOf(view, data.form === "additive" ? "features" : "states", chosen);
  const products = Array.from(features, (value, at) => value * numbers.query[at]);
  const order = products.map((_, at) => at).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
  const shown = order.slice(0, PRODUCTS), rest = order.slice(PRODUCTS);
  const total = (places) => places.reduce((all, at) => all + products[at], 0);
  const rows = shown.map((at) =>
    [at + 1, number(features[at]), number(numbers.query[at]), number(products[at])]);
  if (rest.length) rows.push([fill(texts.more, { count: rest.length }), "", "", number(total(rest))]);
  if (data.form === "dot" && !plain) rows.push([fill(texts.divided, { size: features.length }), "", "",
    number(total(order) / data.divisor)]);
  if (data.form === "linear") rows.push([texts.added, "", "", number(data.bias)]);
  const own = numbers.scores[chosen] * changes.factor;
  rows.push([texts.equals, "", "", number(own)]);
  detail.products.replaceChildren(...rows.map((row, at) => tableRow(row, at === rows.length - 1)));
}

function tableRow([first, ...others], last = false) {
  return made("tr", last ? "hs-total" : "", {}, made("th", "", { scope: "row" }, String(first)),
    ...others.map((text) => made("td", "hs-number", {}, text)));
}

/* Σ α h over all rows, and what the classifier makes of it. */
function showContext(view) {
  const { data, now, numbers, detail } = view;
  const size = data.sizes.states;
  const context = new Float32Array(size);
  now.weights.forEach((weight, row) => {
    if (!weight) return;
    const offset = row * size;
    for (let at = 0; at < size; at++) context[at] += weight * numbers.states[offset + at];
  });
  showVector(view, context);
  if (data.classes) showLogits(view);
}

function showVector(view, context) {
  const { data, detail } = view;
  const halves = halvesOf(context, data.directions);
  if (detail.contexts) {
    halves.forEach((half, at) => {
      detail.contexts[at].vector.set(half);
      paint(detail.contexts[at]);
    });
    return;
  }
  const rows = halves.map((half, at) => readable(view, half.slice(), {
    name: data.texts.context, part: "",
  }, stripLabel(view, "context", data.directions, at), "context"));
  detail.contexts = rows.map((row) => row.querySelector("canvas"));
  detail.context.replaceChildren(...rows);
}

function showLogits({ data, now, numbers, detail }) {
  const { labels, bias, whole } = data.classes;
  const logits = bias.map((one, at) => now.weights.reduce((all, weight, row) =>
    all + weight * numbers.votes[row * bias.length + at], one));
  const top = Math.max(...logits);
  const sum = logits.reduce((all, logit) => all + Math.exp(logit - top), 0);
  detail.logits.replaceChildren(...labels.map((label, at) => tableRow([label, number(logits[at]),
    ...(whole ? [percent(Math.exp(logits[at] - top) / sum)] : [])], logits[at] === top)));
}
