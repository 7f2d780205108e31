/* Two buttons that save the figures of a container as they look: one SVG, or one PNG of it.

   Plotly draws a chart in several SVGs on top of each other, styled from outside; a heatmap
   and its legend are HTML. Both become plain SVG here, with the colours of the theme that
   is on. Hidden parts (folds, notes) are left out. Captions and tables are not figures. */

const SVG = "http://www.w3.org/2000/svg";
const LARGEST = 16_000; // pixels of a canvas's side that every browser can make
const MARGIN = 12;
const COLOUR = /(rgba?|color|oklab)\([^)]*\)/g;
const STYLES = [
  "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity",
  "font-family", "font-size", "font-weight", "font-style", "text-anchor", "visibility", "display",
];

export default function ({ data, parentElement }) {
  let bar = parentElement.querySelector(".hx-bar");
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "hx-bar";
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    bar.append(button("SVG"), button("PNG"), said);
    parentElement.append(bar);
  }
  const [svg, png, said] = bar.children;
  svg.title = data.labels.svg;
  png.title = data.labels.png;
  const save = (extension, make) => async () => {
    const container = document.querySelector(`.st-key-${CSS.escape(data.container)}`);
    const drawn = container && svgOf(container, data.part);
    said.textContent = drawn ? "" : data.labels.none;
    if (drawn) download(await make(drawn), `${data.filename}.${extension}`);
  };
  svg.onclick = save("svg", svgBlob);
  png.onclick = save("png", pngBlob);
}

function button(name) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = name;
  return made;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function svgBlob(text) {
  return new Blob([text], { type: "image/svg+xml" });
}

/* Twice as fine as the screen, as far as a canvas can be made. */
export async function pngBlob(text) {
  const image = new Image();
  image.src = URL.createObjectURL(svgBlob(text));
  await image.decode();
  const scale = Math.min(2, LARGEST / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/* All figures in a container, or a part of them, as one stand-alone SVG; null where there are none. */
export function svgOf(container, part) {
  const figures = [...container.querySelectorAll(part ?? ".js-plotly-plot, .hs")].filter(
    (figure) => figure.checkVisibility() && !figure.parentElement.closest(".hs"));
  if (!figures.length) return null;
  figures.forEach((figure) => figure.classList.add("hs-whole")); // also what a pane has scrolled
  try {
    return paint(container, figures);
  } finally {
    figures.forEach((figure) => figure.classList.remove("hs-whole"));
  }
}

function paint(container, figures) {
  const boxes = figures.map((figure) => figure.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)) - MARGIN;
  const top = Math.min(...boxes.map((box) => box.top)) - MARGIN;
  const width = Math.ceil(Math.max(...boxes.map((box) => box.right)) - left + MARGIN);
  const height = Math.ceil(Math.max(...boxes.map((box) => box.bottom)) - top + MARGIN);
  const root = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  root.append(shape("rect", { width, height, fill: behind(container) }));
  for (const figure of figures) {
    const paintFigure = figure.matches(".hs") ? paintHtml : paintPlotly;
    root.append(paintFigure(figure, left, top));
  }
  const text = new XMLSerializer().serializeToString(root);
  // What XML cannot hold at all.
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd");
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
}

/* The first opaque colour behind an element; where there is none, that of our panels. */
function behind(element) {
  const probe = document.createElement("i");
  probe.style.background = "light-dark(#ffffff, #16181c)";
  element.append(probe);
  const panel = getComputedStyle(probe).backgroundColor;
  probe.remove();
  for (let at = element; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!isClear(backgroundColor)) return backgroundColor;
  }
  return panel;
}

function isClear(colour) {
  return colour === "transparent" || /^rgba\(.*, 0\)$/.test(colour);
}

/* Plotly: its layers in their order, with the styles that they have here written into them. */

function paintPlotly(plot, left, top) {
  const group = shape("g", {});
  for (const layer of plot.querySelectorAll("svg.main-svg")) {
    const box = layer.getBoundingClientRect();
    const copy = layer.cloneNode(true);
    const copies = copy.querySelectorAll("*");
    layer.querySelectorAll("*").forEach((element, at) => inline(element, copies[at]));
    copy.removeAttribute("style");
    copy.setAttribute("x", box.left - left);
    copy.setAttribute("y", box.top - top);
    copy.querySelectorAll(".hoverlayer, .drag").forEach((part) => part.remove());
    group.append(copy);
  }
  return group;
}

function inline(element, copy) {
  if (!copy.style) return;
  const styles = getComputedStyle(element);
  for (const name of STYLES) copy.style.setProperty(name, styles.getPropertyValue(name));
  copy.style.removeProperty("color");
  copy.removeAttribute("data-unformatted");
}
