/* A picture with the weights of its patches, drawn from the JSON of pictures.py.

   Patches are buttons in a grid over a canvas. A click makes a patch white, another one brings it
   back; arrow keys move between patches. The line below says what stands at the patch that the
   pointer or the focus is on. */

const MAPS = new WeakMap();
const SIDE = 480; // pixels of the canvas, twice those on the page

function drawMap(place, data, act) {
  const drawn = JSON.stringify(data);
  if (MAPS.get(place)?.drawn === drawn) return;
  const focused = MAPS.get(place)?.root.contains(document.activeElement)
    ? document.activeElement.dataset?.patch : undefined;
  MAPS.get(place)?.root.remove();
  const root = made("div", "hs hs-picture", { "data-testid": "picture-map" });
  const frame = made("div", "hs-picture-frame");
  const line = made("p", "hs-line", { role: "status" });
  const grid = patches(data, line, act);
  frame.append(canvasOf(data), grid);
  root.append(frame, line);
  place.append(root);
  MAPS.set(place, { drawn, root });
  say(line, data, strongest(data));
  if (focused !== undefined) grid.children[focused]?.focus();
}

function endMap(place) {
  MAPS.get(place)?.root.remove();
  MAPS.delete(place);
}

function made(name, classes, attributes = {}) {
  const element = document.createElement(name);
  element.className = classes;
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  return element;
}

function canvasOf({ png, labels, place: [left, top, right, bottom] }) {
  const canvas = made("canvas", "hs-picture-canvas", { role: "img", "aria-label": labels.picture });
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  const image = new Image();
  image.onload = () => {
    context.imageSmoothingEnabled = image.width > SIDE / 2; // small drawings stay sharp
    context.drawImage(image, SIDE * left, SIDE * top, SIDE * (right - left), SIDE * (bottom - top));
  };
  image.src = `data:image/png;base64,${png}`;
  return canvas;
}

function patches(data, line, act) {
  const { rows, strengths, weights, white } = data;
  const grid = made("div", "hs-picture-grid", { role: "group", "aria-label": data.labels.patches });
  grid.style.setProperty("--rows", rows);
  const gone = new Set(white);
  strengths.forEach((strength, at) => {
    const patch = made("button", "hs-patch", {
      type: "button", "data-patch": at, "data-weight": weights[at], "aria-label": textOf(data, at),
      "aria-pressed": gone.has(at), tabindex: at ? -1 : 0,
    });
    patch.classList.toggle("hs-patch-white", gone.has(at));
    if (!gone.has(at)) patch.style.background = `rgba(30, 88, 190, ${(0.78 * strength).toFixed(3)})`;
    grid.append(patch);
  });
  listen(grid, data, line, act);
  return grid;
}

function listen(grid, data, line, act) {
  const at = (target) => target.closest(".hs-patch")?.dataset.patch;
  const point = (target) => say(line, data, at(target) ?? strongest(data));
  grid.addEventListener("pointerover", ({ target }) => point(target));
  grid.addEventListener("pointerleave", () => say(line, data, strongest(data)));
  grid.addEventListener("focusin", ({ target }) => point(target));
  grid.addEventListener("click", ({ target }) => {
    const patch = at(target);
    if (patch !== undefined) act({ do: "patch", patch: +patch });
  });
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -data.rows, ArrowDown: data.rows, ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const from = at(event.target);
    const to = step && from !== undefined ? grid.children[+from + step] : undefined;
    if (!to) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
}

function strongest({ weights }) {
  return weights.indexOf(Math.max(...weights));
}

function textOf({ rows, notes, measure, white, labels }, at) {
  const place = { row: Math.floor(at / rows) + 1, column: (at % rows) + 1 };
  return filled(white.includes(+at) ? labels.white : labels.patch, { ...place, measure, share: notes[at] });
}

function say(line, data, at) {
  line.textContent = filled(data.labels.line, { text: textOf(data, at) });
}

/* What Streamlit calls, at first and whenever the data are others. */
export default function ({ data, parentElement, setTriggerValue }) {
  drawMap(parentElement, data, (act) => setTriggerValue("act", act));
  return () => endMap(parentElement);
}
