/* Attention heads in the browser, drawn from the JSON of attention_heads.py.

   The same code is Streamlit's component and the stand-alone page. Foreign text only ever
   becomes a text node, an attribute or letters on a canvas. Three parts follow in the same
   module: attention_grid.js, the thumbnails of all heads; attention_head.js, one of them
   large; attention_arcs.js, its weights between the words of the text. */

const VIEWS = new WeakMap();
const KEPT = 24; // heads that were opened and stay unpacked

/* Draws data in place, or draws anew what is there. Where somebody listens, act gets
   {do: "open", layer, head} or {do: "prune", heads: [[layer, head], …]}, all that are out. */
export function drawHeads(place, data, act) {
  if (VIEWS.get(place)?.labels.axes !== data.labels.axes) endHeads(place); // another language
  const view = VIEWS.get(place) ?? begin(place, data.labels);
  const packed = JSON.stringify([data.thumbnails.packed, data.keys]);
  if (packed !== view.packed) {
    view.unpacked.clear(); // another map
    view.coming.clear();
    Object.assign(view, { packed, asked: null, cursor: null, pinned: null, zoom: 1, corner: [0, 0] });
  }
  Object.assign(view, { data, act });
  view.pruned = new Set(data.pruned.map(String));
  view.colours = null;
  drawGrid(view);
  // An answer to an earlier click may come after a head was opened by a later one.
  if (String(view.asked ?? data.open) === String(data.open)) view.asked = null;
  openHead(view, view.asked ?? data.open);
}

function begin(place, labels) {
  const view = { labels, unpacked: new Map(), coming: new Map(), mode: "open", direction: "from", cursor: null };
  view.root = made("div", "hs-maps");
  view.grid = beginGrid(view);
  view.head = beginHead(view);
  view.words = beginWords(view);
  view.table = beginTable(view);
  view.root.append(view.grid.root, view.head.root, view.words.root, view.table.root);
  place.append(view.root);
  view.watch = new ResizeObserver(() => { drawHead(view); drawArcs(view); });
  view.watch.observe(view.root);
  // A colour in the style sheet changes with the theme, and its transition tells.
  view.root.addEventListener("transitionend", ({ target, propertyName }) => {
    if (target !== view.root || propertyName !== "outline-color") return;
    view.colours = null;
    drawThumbnails(view);
    drawHead(view);
    drawWords(view);
  });
  VIEWS.set(place, view);
  return view;
}

function endHeads(place) {
  const view = VIEWS.get(place);
  view?.watch.disconnect();
  view?.root.remove();
  VIEWS.delete(place);
}

/* Elements. */

function made(name, classes, attributes = {}, ...inside) {
  const element = document.createElement(name);
  element.className = classes;
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.append(...inside);
  return element;
}

function tool(text, title, press) {
  const button = made("button", "hs-tool", { type: "button", title }, text);
  button.addEventListener("click", press);
  return button;
}

/* Two or more buttons of which one is on. */
function choice(label, options, first, choose) {
  const group = made("div", "hs-choice hs-tool", { role: "group", "aria-label": label });
  for (const [value, text, title] of options) {
    const button = tool(text, title, () => {
      for (const one of group.children) one.ariaPressed = String(one === button);
      choose(value);
    });
    button.ariaPressed = String(value === first);
    group.append(button);
  }
  return group;
}

/* Numbers for people. */

function share(weight, digits = 3) {
  if (weight > 0 && weight < 1e-6) return "<0.0001%";
  return `${Number((100 * weight).toPrecision(digits))}%`;
}

/* What was packed: bytes compressed by zlib in base64. */

function unpack(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return inflate(new Blob([bytes]).stream());
}

function inflate(stream) {
  return new Response(stream.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

/* Numbers of half precision (IEEE 754, binary16) that are not negative. */
let halves = null;
function widened(buffer) {
  halves ??= Float32Array.from({ length: 0x7c00 }, (_, bits) => {
    const exponent = bits >> 10, fraction = bits & 0x3ff;
    return exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24;
  });
  return Float32Array.from(new Uint16Array(buffer), (bits) => halves[bits]);
}

/* The weights of a head, row after row; null until they came. */
async function weightsOf(view, [layer, head]) {
  const key = `${layer},${head}`;
  if (!view.unpacked.has(key)) {
    const whose = view.packed;
    const packed = view.data.full[key];
    const bytes = await (packed ? unpack(packed) : fetched(view, key));
    if (view.packed !== whose || !bytes) return null; // another map came meanwhile, or nothing
    view.unpacked.set(key, widened(bytes));
    if (view.unpacked.size > KEPT) view.unpacked.delete(view.unpacked.keys().next().value);
  }
  return view.unpacked.get(key) ?? null;
}

/* The bytes of a head from the server, which is asked once; null where it has none to give. */
function fetched(view, key) {
  const { offered } = view.data;
  if (!offered) return null;
  if (!view.coming.has(key)) {
    const address = `heads/${offered}/${key.replace(",", "/")}`;
    view.coming.set(key, fetch(address).then((answer) => answer.ok ? inflate(answer.body) : null)
      .catch(() => null).finally(() => view.coming.delete(key)));
  }
  return view.coming.get(key);
}

/* Colours: 256 of the theme that is on, as the four bytes of a pixel. */

function colours(view) {
  if (view.colours) return view.colours;
  const { palette } = view.data;
  const digits = isDark(view) ? palette.dark : palette.light;
  view.colours = Uint32Array.from({ length: 256 }, (_, at) => {
    const [red, green, blue] = [0, 2, 4].map((from) =>
      parseInt(digits.substr(6 * at + from, 2), 16));
    return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
  });
  return view.colours;
}

function isDark(view) {
  const [red] = getComputedStyle(view.root).outlineColor.match(/[\d.]+/g);
  return Number(red) > 128;
}

function step(view, weight) {
  return Math.round(255 * Math.min(1, weight / view.data.top));
}

/* The background of a weight, and the ink that reads best on it (WCAG 2.2). */
function painted(view, weight) {
  const pixel = colours(view)[step(view, weight)];
  const channels = [pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255];
  const light = channels.map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  return { background: `rgb(${channels})`, ink: light > 0.179 ? "#000000" : "#ffffff" };
}

/* Rows and columns of weights as a picture, pooled by the maximum to at most so many pixels. */
function picture(view, weights, width, [row, column, rows, columns], pixels) {
  const tall = Math.min(rows, pixels), wide = Math.min(columns, pixels);
  const pooled = new Float32Array(tall * wide);
  const places = Uint32Array.from({ length: columns }, (_, x) => Math.floor(x * wide / columns));
  for (let y = 0; y < rows; y++) {
    const into = Math.floor(y * tall / rows) * wide, from = (row + y) * width + column;
    for (let x = 0; x < columns; x++) {
      const at = into + places[x];
      if (weights[from + x] > pooled[at]) pooled[at] = weights[from + x];
    }
  }
  const palette = colours(view);
  return painting(wide, tall, Uint32Array.from(pooled, (weight) => palette[step(view, weight)]));
}

function painting(width, height, pixels) {
  const canvas = made("canvas", "");
  Object.assign(canvas, { width, height });
  const data = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}
