/* One head as a heatmap of queries × keys, for attention_map.js, in the same module.

   Drawn on a canvas, from a picture that changes only with head, zoom and theme, so that
   hovering costs one copy of it and the labels. The same strokes make an SVG for export. */

const LABEL = 12; // pixels from one label to the next, at least
const WIDEST_LABEL = 96, LARGEST_CELL = 34, TALLEST = 620;
const DEEPEST = 6; // cells across when zoomed in all the way

function beginHead(view) {
  const head = {}, { labels } = view;
  head.root = made("div", "hs hs-attention", { "data-testid": "attention-map" });
  head.title = made("h2", "hs-title");
  head.canvas = made("canvas", "hs-matrix", {
    tabindex: 0, role: "application", "aria-roledescription": labels.heatmap,
  });
  head.canvas.paintSvg = () => strokesAsSvg(view);
  head.line = made("p", "hs-line", { role: "status" });
  head.axes = made("p", "hs-axes", {}, labels.axes);
  head.root.append(made("div", "hs-bar-row", {}, head.title,
    tool("−", labels.zoomOut, () => zoom(view, 1 / 2)),
    tool("+", labels.zoomIn, () => zoom(view, 2)),
    tool(labels.enlarge, labels.enlargeTitle, () => enlarge(view))),
  head.canvas, head.line, head.axes);
  listenToHead(view, head.canvas);
  return head;
}

function enlarge({ root }) {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.();
}

/* Shows a head: what is known of it at once, and all of it as soon as it came. */
async function openHead(view, place) {
  view.opened = place;
  view.weights = view.unpacked.get(`${place}`) ?? null;
  view.picture = null;
  markHeads(view);
  const { root, title, canvas } = view.head;
  Object.assign(root.dataset, { layer: place[0], head: place[1] });
  title.textContent = headName(view, place);
  canvas.setAttribute("aria-label", filled(view.labels.weights, { name: headName(view, place),
    rows: view.data.queries.length, columns: view.data.keys.length }));
  showHead(view);
  if (view.weights) return;
  const weights = await weightsOf(view, place);
  if (!weights || String(view.opened) !== String(place)) return;
  Object.assign(view, { weights, picture: null });
  showHead(view);
}

function showHead(view) {
  view.head.root.dataset.state = view.weights ? "whole" : "thumbnail";
  drawHead(view);
  drawWords(view);
}

/* Where things stand, in pixels of the page. */
function geometry(view) {
  const { data, zoom, head } = view;
  const count = [data.queries.length, data.keys.length];
  const [rows, columns] = count.map((n) => Math.min(n, Math.max(DEEPEST, Math.ceil(n / zoom))));
  const width = head.root.clientWidth - 2;
  const left = labelWidth(view, data.queries), top = labelWidth(view, data.keys);
  const tallest = document.fullscreenElement ? innerHeight - 260 : TALLEST;
  const largest = Math.min((width - left) / columns, tallest / rows);
  const cell = Math.max(0.2, Math.min(largest, LARGEST_CELL));
  const [row, column] = view.corner.map((at, axis) =>
    Math.max(0, Math.min(at, count[axis] - [rows, columns][axis])));
  view.corner = [row, column];
  return { left, top, cell, row, column, rows, columns, width, height: top + cell * rows + 2 };
}

function labelWidth(view, labels) {
  view.widths ??= new Map();
  if (!view.widths.has(labels)) {
    const pen = view.head.canvas.getContext("2d");
    pen.font = fontOf(false);
    const widest = labels.reduce((most, label) => Math.max(most, pen.measureText(label).width), 0);
    view.widths.set(labels, Math.min(WIDEST_LABEL, widest) + 8);
  }
  return view.widths.get(labels);
}

function fontOf(bold) {
  return `${bold ? 700 : 400} 11px system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif`;
}

function drawHead(view) {
  const { canvas } = view.head;
  if (!view.data || !view.opened || !view.head.root.clientWidth) return;
  const place = geometry(view);
  const scale = devicePixelRatio || 1;
  const width = Math.round(place.width * scale), height = Math.round(place.height * scale);
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    Object.assign(canvas.style, { width: `${place.width}px`, height: `${place.height}px` });
  }
  view.picture ??= headPicture(view, place, scale);
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, place.width, place.height);
  strokes(view, place, canvasPen(pen, view));
}

function headPicture(view, { row, column, rows, columns, cell }, scale) {
  const pixels = Math.ceil(Math.max(rows, columns) * cell * scale);
  const region = [row, column, rows, columns];
  if (view.weights) return picture(view, view.weights, view.data.keys.length, region, pixels);
  const thumb = view.grid.cells.get(String(view.opened))?.firstChild;
  return thumb?.width && view.zoom === 1 ? thumb : null;
}

/* All that is drawn, by a pen that knows a canvas or an SVG. */
function strokes(view, place, pen) {
  const { left, top, cell, row, column, rows, columns } = place;
  const { queries, keys } = view.data;
  if (view.picture) pen.image(view.picture, left, top, columns * cell, rows * cell);
  pen.frame(left, top, columns * cell, rows * cell);
  const every = Math.ceil(LABEL / cell);
  const named = (at, first, count) => at >= first && at < first + count;
  const cursor = view.cursor ?? [null, null];
  const near = (at, other) => other !== null && at !== other && Math.abs(at - other) * cell < LABEL;
  for (let at = Math.ceil(row / every) * every; at < row + rows; at += every)
    if (!near(at, cursor[0]))
      pen.label(queries[at], left - 4, top + (at - row + 0.5) * cell, false, at === cursor[0]);
  for (let at = Math.ceil(column / every) * every; at < column + columns; at += every)
    if (!near(at, cursor[1]))
      pen.label(keys[at], left + (at - column + 0.5) * cell, top - 4, true, at === cursor[1]);
  if (cursor[0] !== null && named(cursor[0], row, rows)) {
    const y = top + (cursor[0] - row) * cell;
    pen.frame(left, y, columns * cell, cell, true);
    pen.label(queries[cursor[0]], left - 4, y + cell / 2, false, true);
  }
  if (cursor[1] !== null && named(cursor[1], column, columns)) {
    const x = left + (cursor[1] - column) * cell;
    pen.frame(x, top, cell, rows * cell, true);
    pen.label(keys[cursor[1]], x + cell / 2, top - 4, true, true);
  }
}

function cut(label, pen) {
  const line = label.replace(/\s+/g, " ");
  if (pen.measureText(line).width <= WIDEST_LABEL) return line;
  let letters = [...line].slice(0, 40);
  while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > WIDEST_LABEL)
    letters = letters.slice(0, -1);
  return `${letters.join("")}…`;
}

function inks(view) {
  const styles = getComputedStyle(view.head.root);
  return { ink: styles.color, line: styles.borderTopColor, lit: styles.borderBottomColor };
}

function canvasPen(pen, view) {
  const { ink, line, lit } = inks(view);
  pen.imageSmoothingEnabled = false;
  pen.textBaseline = "middle";
  return {
    image: (...all) => pen.drawImage(...all),
    frame(x, y, width, height, isLit) {
      pen.strokeStyle = isLit ? lit : line;
      pen.lineWidth = isLit ? 1.5 : 1;
      pen.strokeRect(x, y, width, height);
    },
    label(text, x, y, turned, bold) {
      pen.save();
      pen.font = fontOf(bold);
      pen.fillStyle = ink;
      pen.translate(x, y);
      if (turned) pen.rotate(-Math.PI / 2);
      pen.textAlign = turned ? "left" : "right";
      pen.fillText(cut(text, pen), 0, 0);
      pen.restore();
    },
  };
}

/* The same strokes as SVG elements, where the canvas stands on the page. */
function strokesAsSvg(view) {
  const box = view.head.canvas.getBoundingClientRect();
  const { ink, line, lit } = inks(view);
  const parts = [];
  const add = (name, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    element.textContent = text;
    parts.push(element);
  };
  const measure = view.head.canvas.getContext("2d");
  strokes(view, geometry(view), {
    image: (canvas, x, y, width, height) => add("image", {
      x: box.left + x, y: box.top + y, width, height, href: canvas.toDataURL(),
      preserveAspectRatio: "none", style: "image-rendering:pixelated",
    }),
    frame: (x, y, width, height, isLit) => add("rect", {
      x: box.left + x, y: box.top + y, width, height, fill: "none", stroke: isLit ? lit : line,
    }),
    label(text, x, y, turned, bold) {
      measure.font = fontOf(bold);
      add("text", {
        x: 0, y: 0, fill: ink, "dominant-baseline": "central",
        "font-size": 11, "font-family": "system-ui, sans-serif", "font-weight": bold ? 700 : 400,
        "text-anchor": turned ? "start" : "end",
        transform: `translate(${box.left + x} ${box.top + y})${turned ? " rotate(-90)" : ""}`,
      }, cut(text, measure));
    },
  });
  return parts;
}

/* Touched. */

function listenToHead(view, canvas) {
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (view.zoom > 1) drag = { at: [event.offsetY, event.offsetX], corner: view.corner };
  });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons) pan(view, drag, event);
    else point(view, cellAt(view, event), false);
  });
  canvas.addEventListener("pointerleave", () => { drag = null; point(view, null, false); });
  canvas.addEventListener("focus", () => point(view, view.cursor ?? [...view.corner], true));
  canvas.addEventListener("blur", () => point(view, null, false));
  canvas.addEventListener("keydown", (event) => moveCursor(view, event));
  canvas.addEventListener("dblclick", (event) => zoom(view, 2, cellAt(view, event)));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // as pinching sends it
    event.preventDefault();
    zoom(view, event.deltaY < 0 ? 2 : 1 / 2, cellAt(view, event));
  }, { passive: false });
}

function cellAt(view, { offsetX, offsetY }) {
  const { left, top, cell, row, column, rows, columns } = geometry(view);
  const y = Math.floor((offsetY - top) / cell), x = Math.floor((offsetX - left) / cell);
  return y >= 0 && x >= 0 && y < rows && x < columns ? [row + y, column + x] : null;
}

function pan(view, { at, corner }, { offsetX, offsetY }) {
  const { cell } = geometry(view);
  view.corner = [corner[0] - Math.round((offsetY - at[0]) / cell),
    corner[1] - Math.round((offsetX - at[1]) / cell)];
  view.picture = null;
  drawSoon(view);
}

function zoom(view, factor, around = null) {
  const deepest = Math.max(view.data.queries.length, view.data.keys.length) / DEEPEST;
  const before = geometry(view);
  view.zoom = Math.max(1, Math.min(view.zoom * factor, deepest));
  const centre = around ?? view.cursor ?? [before.row + before.rows / 2, before.column + before.columns / 2];
  const { rows, columns } = geometry(view);
  view.corner = [Math.round((centre[0] ?? 0) - rows / 2), Math.round((centre[1] ?? 0) - columns / 2)];
  view.picture = null;
  drawHead(view);
}

/* Puts the cursor on a cell, or on a whole row or column; null takes it away. */
function point(view, cursor, isKey) {
  if (String(view.cursor) === String(cursor)) return;
  view.cursor = cursor;
  view.head.line.setAttribute("aria-live", isKey ? "polite" : "off");
  view.head.line.textContent = cursor ? cellLine(view, cursor) : "";
  drawSoon(view);
  lightWords(view);
}

function cellLine({ data, weights, labels }, [row, column]) {
  if (row === null || column === null) return "";
  const weight = weights?.[row * data.keys.length + column];
  const value = weight === undefined ? "…"
    : filled(labels.times, { share: share(weight), number: Number((weight * data.keys.length).toPrecision(3)) });
  return filled(labels.cell, { query: `\u2068${data.queries[row]}\u2069`, row: row + 1,
    key: `\u2068${data.keys[column]}\u2069`, column: column + 1, value });
}

function drawSoon(view) {
  view.drawing ??= requestAnimationFrame(() => {
    view.drawing = null;
    drawHead(view);
  });
}

function moveCursor(view, event) {
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
    PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity] };
  if (event.key === "+" || event.key === "-") zoom(view, event.key === "+" ? 2 : 1 / 2);
  else if (event.key in moves) {
    const { queries, keys } = view.data;
    const [row, column] = view.cursor ?? view.corner;
    const [down, right] = moves[event.key];
    const next = [[row ?? 0, down, queries.length], [column ?? 0, right, keys.length]].map(
      ([at, by, count]) => Math.max(0, Math.min(at + by, count - 1)));
    follow(view, next);
    point(view, next, true);
  } else return;
  event.preventDefault();
}

/* Moves the part that is seen so that the cursor stands in it. */
function follow(view, [row, column]) {
  const { rows, columns } = geometry(view);
  const corner = [[row, view.corner[0], rows], [column, view.corner[1], columns]].map(
    ([at, first, count]) => at < first ? at : at >= first + count ? at - count + 1 : first);
  if (String(corner) !== String(view.corner)) Object.assign(view, { corner, picture: null });
}
