/* The table of rows for anatomy.js: strips of the vectors, score, exponential, weight and bar. */

const PALE = 0.08; // of a strip's colour where a number is nearly 0

function beginRows(view) {
  const { data } = view;
  const rows = { cells: [], root: made("div", "hs-anatomy-scroll", { tabindex: 0, role: "region",
    "aria-label": data.texts.table }) };
  const table = made("table", "hs-anatomy-table");
  rows.head = made("tr", "");
  const body = made("tbody", "");
  for (let row = data.first; row < data.first + data.count; row++) body.append(rowOf(view, rows, row));
  rows.others = summary(view, rows, data.texts.others);
  rows.padding = summary(view, rows, data.texts.padding_rows);
  rows.sum = summary(view, rows, data.texts.sum);
  table.append(made("thead", "", {}, rows.head), body,
    made("tfoot", "", {}, rows.others.row, rows.padding.row, rows.sum.row));
  rows.root.append(table);
  beginHeads(view, rows);
  return rows;
}

function beginHeads(view, rows) {
  const { data } = view;
  const { texts } = data;
  const th = (part, text, classes = "") => {
    const cell = made("th", classes, { scope: "col", ...(part ? { "data-part": part } : {}) }, text);
    rows.head.append(cell);
    return cell;
  };
  th(null, texts[data.unit]);
  th("input", texts[`input_${data.unit}`], "hs-wide");
  th("state", data.directions === 2 ? `${texts.state} →, ←` : texts.state, "hs-wide");
  if (data.form === "additive") th("feature", texts.feature, "hs-wide");
  rows.scoreHead = th("score", texts.score, "hs-number");
  rows.expHead = th("exp", texts.exp, "hs-number");
  th("weight", texts.weight, "hs-number");
  th("weight", "", "hs-bar-cell").append(made("span", "hs-unseen-text", {}, texts.weight));
  if (maskable(data)) th(null, texts.mask, "hs-mask");
}

function maskable(data) {
  return data.form !== "fixed" && !data.hidden.includes("mask");
}

function rowOf(view, rows, row) {
  const { data } = view;
  const name = data.names[row];
  const choose = made("button", "hs-row-name", { type: "button", dir: "auto", title: name }, name);
  choose.addEventListener("click", () => {
    view.chosen = row;
    update(view);
  });
  const line = made("tr", "", {}, made("th", "", { scope: "row" }, choose));
  line.append(stripCell(view, row, "input", "inputs"), stripCell(view, row, "state", "states"));
  if (data.form === "additive") line.append(stripCell(view, row, "feature", "features"));
  const cells = valueCells(line);
  if (maskable(data)) line.append(maskCell(view, row));
  rows.cells.push({ line, choose, ...cells });
  return line;
}

function valueCells(line) {
  const cells = {};
  for (const [name, part] of [["score", "score"], ["exp", "exp"], ["weight", "weight"]]) {
    cells[name] = made("td", "hs-number", { "data-part": part });
    line.append(cells[name]);
  }
  cells.bar = made("i", "");
  line.append(made("td", "hs-bar-cell", { "data-part": "weight", "aria-hidden": "true" }, cells.bar));
  return cells;
}

function maskCell(view, row) {
  const input = made("input", "", {
    type: "checkbox", "aria-label": fill(view.data.texts.mask_one, { name: view.data.names[row] }),
  });
  input.addEventListener("change", () => {
    view.changes.masked[input.checked ? "add" : "delete"](row);
    update(view);
  });
  (view.masks ??= []).push(input);
  return made("td", "hs-mask", {}, input);
}

/* A line below the rows that adds some of them up. */
function summary(view, rows, label) {
  const name = made("th", "hs-quiet", { scope: "row" });
  const row = made("tr", "hs-summary", {}, name,
    made("td", "hs-wide", { colspan: view.data.form === "additive" ? 3 : 2 }));
  const cells = valueCells(row);
  if (maskable(view.data)) row.append(made("td", ""));
  return { row, name, label, ...cells };
}

/* Strips: a canvas of one pixel a number; blue is positive, orange negative. */

function stripCell(view, row, part, numbers) {
  const cell = made("td", "hs-wide", { "data-part": part });
  const halves = part === "state" ? view.data.directions : 1;
  const vector = vectorOf(view, numbers, row);
  for (let half = 0; half < halves; half++) {
    const size = vector.length / halves;
    cell.append(strip(view, vector.subarray(half * size, (half + 1) * size),
      { name: view.data.names[row], part: partName(view, part, halves, half) }));
  }
  cell.append(made("span", "hs-unseen-text", {}, fill(view.data.texts.vector, { size: vector.length })));
  return cell;
}

function partName({ data }, part, halves, half) {
  if (part === "input") return data.texts[`input_${data.unit}`];
  if (part !== "state") return data.texts[part] ?? part;
  return halves === 2 ? `h ${half ? "←" : "→"} ` : "h ";
}

function strip(view, vector, told) {
  const canvas = made("canvas", "hs-strip", { "aria-hidden": "true" });
  Object.assign(canvas, { width: vector.length, height: 1, vector, told });
  paint(canvas);
  return canvas;
}

function paint(canvas) {
  const { vector } = canvas;
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(vector.length, 1);
  const top = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  vector.forEach((value, at) => {
    const colour = value > 0 ? [47, 109, 184] : [217, 119, 6];
    picture.data.set([...colour, 255 * (PALE + (1 - PALE) * Math.abs(value) / top)], 4 * at);
  });
  pen.putImageData(picture, 0, 0);
}

/* One listener for all strips: the number under the pointer. */
function listenToStrips(view) {
  view.root.addEventListener("pointermove", ({ target, offsetX }) => {
    if (target.tagName !== "CANVAS") return;
    const at = Math.floor(offsetX / target.clientWidth * target.vector.length);
    tellNumber(view, target, Math.max(0, Math.min(target.vector.length - 1, at)));
  });
}

function tellNumber(view, canvas, at) {
  view.value.textContent = fill(view.data.texts.at, {
    ...canvas.told, unit: at + 1, value: number(canvas.vector[at], 5),
  });
}

/* What changes with every change. */

function showRows(view) {
  const { data, now, rows } = view;
  const { texts } = data;
  const longest = Math.max(...now.weights, now.padWeight, 1e-9);
  rows.cells.forEach((cells, at) => {
    const row = data.first + at;
    cells.line.classList.toggle("hs-chosen", row === view.chosen);
    cells.line.classList.toggle("hs-masked", view.changes.masked.has(row));
    cells.choose.setAttribute("aria-pressed", String(row === view.chosen));
    showValues(cells, view.changes.masked.has(row) ? "−∞" : number(now.scores[row]),
      now.exponentials[row], now.weights[row], longest);
  });
  view.masks?.forEach((input, at) => { input.checked = view.changes.masked.has(data.first + at); });
  const score = view.changes.temperature === 1 ? texts.score : `${texts.score} / T`;
  rows.scoreHead.textContent = score;
  rows.expHead.textContent = `exp(${score}${now.shift ? ` − ${number(now.shift)}` : ""})`;
  showSummaries(view, longest);
}

function showValues(cells, score, exponential, weight, longest) {
  cells.score.textContent = score;
  cells.exp.textContent = number(exponential);
  cells.weight.textContent = percent(weight);
  cells.bar.style.width = `${100 * weight / longest}%`;
}

function showSummaries(view, longest) {
  const { data, now, rows, changes } = view;
  const others = data.names.length - data.count;
  const rest = (values) => values.reduce((all, one, row) =>
    row >= data.first && row < data.first + data.count ? all : all + one, 0);
  rows.others.row.hidden = !others;
  rows.others.name.textContent = fill(rows.others.label, { count: others });
  showValues(rows.others, "", rest(now.exponentials), rest(now.weights), longest);
  rows.others.bar.style.width = 0;
  rows.padding.row.hidden = !changes.pads;
  rows.padding.name.textContent = fill(rows.padding.label, { count: changes.pads });
  showValues(rows.padding, changes.padsMasked ? "−∞" : number(now.pad),
    changes.pads * now.padExponential, now.padWeight, longest);
  rows.sum.name.textContent = rows.sum.label;
  showValues(rows.sum, "", now.sum, now.sum ? 1 : 0, Infinity);
}
