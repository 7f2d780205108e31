
/* HTML as SVG, for figure_export.js, which this follows in the same module.

   As much of it as a heatmap and its legend need: every visible element's colours and
   text, where they stand on the page. */

const MEASURE = document.createElement("canvas").getContext("2d");

function paintHtml(figure, left, top) {
  const group = shape("g", { transform: `translate(${-left} ${-top})` });
  const walker = document.createTreeWalker(figure, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, {
    acceptNode: (node) => node.nodeType === Node.TEXT_NODE || isShown(node)
      ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT,
  });
  for (let node = figure; node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) group.append(...lettering(node));
    else if (node.matches("canvas")) group.append(...(node.paintSvg?.() ?? [pixels(node)]));
    else group.append(...colours(node), ...attributed(node));
  }
  return group;
}

function isShown(element) {
  return !element.matches("style, .hs-note, .hs-align-note, .hs-all, .hs-fold, .hs-sort, .hs-tool") && element.checkVisibility();
}

/* What a canvas shows, unless it paints itself. */
function pixels(canvas) {
  const { left: x, top: y, width, height } = canvas.getBoundingClientRect();
  const { opacity } = getComputedStyle(canvas);
  return shape("image", { x, y, width, height, opacity, href: canvas.toDataURL(),
    preserveAspectRatio: "none", style: "image-rendering:pixelated" });
}

function rectangle({ left, top, width, height }, more) {
  return shape("rect", { x: left, y: top, width, height, ...more });
}

/* Background, rule, outline and bar. */
function colours(element) {
  const styles = getComputedStyle(element);
  const boxes = [...element.getClientRects()];
  const rx = Math.min(parseFloat(styles.borderRadius) || 0, 12);
  const parts = [];
  if (!isClear(styles.backgroundColor))
    parts.push(...boxes.map((box) => rectangle(box, { rx, fill: styles.backgroundColor })));
  if (element.matches(".hs-ramp")) parts.push(...ramp(boxes[0], styles.backgroundImage));
  if (element.matches(".hs-weight:not(.hs-overview *)")) parts.push(bar(element, boxes[0], styles));
  if (element.matches(".hs-top")) {
    const height = parseFloat(styles.getPropertyValue("--rule"));
    const above = element.matches(".hs-above");
    parts.push(...boxes.map(({ left, top, bottom, width }) => rectangle(
      { left, top: above ? top - 2 - height : bottom + 2, width, height },
      { fill: styles.boxShadow.match(COLOUR).at(-1) })));
  }
  if (styles.outlineStyle === "dotted")
    parts.push(...boxes.map((box) => rectangle(box,
      { rx, fill: "none", stroke: styles.outlineColor, "stroke-dasharray": "1.5 2" })));
  return parts;
}

function ramp(box, image) {
  const stops = image.match(COLOUR) ?? [];
  const id = `ramp-${Math.round(box.left)}-${Math.round(box.top)}`;
  const gradient = shape("linearGradient", { id });
  stops.forEach((colour, at) => gradient.append(
    shape("stop", { offset: at / (stops.length - 1), "stop-color": colour })));
  return [gradient, rectangle(box, { fill: `url(#${id})` })];
}

function bar(element, { left, right, top, width }, styles) {
  const length = Math.max(1, (width * parseFloat(styles.getPropertyValue("--length"))) / 100);
  const colour = styles.backgroundImage.match(COLOUR)?.[0];
  const down = parseFloat(styles.backgroundPositionY) || 0;
  const start = styles.textAlign === "left" ? left : right - length;
  return rectangle({ left: start, top: top + down, width: length, height: 4 },
    { fill: colour });
}

/* Text that a style sheet draws from an attribute: a bar's number, a word taken out. */
function attributed(element) {
  const isNumbered = element.matches(".hs-overview .hs-weight");
  const said = (isNumbered ? element.dataset.number : element.dataset.percent) ?? element.dataset.text ?? element.dataset.note;
  const boxes = [...element.getClientRects()];
  if (said === undefined || !boxes.length) return [];
  const styles = getComputedStyle(element);
  MEASURE.font = fontOf(styles);
  if (element.matches(".hs-weight")) {
    const height = parseFloat(styles.lineHeight);
    const width = MEASURE.measureText(said).width;
    const left = styles.textAlign === "left" ? boxes[0].left : boxes[0].right - width;
    const box = { left, top: boxes[0].top, width, height };
    return [letters(said, box, styles)];
  }
  if (element.dataset.note) {
    const box = { ...boxes[0].toJSON(), width: MEASURE.measureText(said).width };
    return [letters(said, { ...box, top: box.top + 8, height: 24 }, styles)];
  }
  const parts = said.match(/\s*\S+\s*/g) ?? [said];
  const lines = boxes.map((box, at) => {
    let line = "";
    const isLast = at === boxes.length - 1;
    while (parts.length && (isLast || MEASURE.measureText(line + parts[0].trim()).width <= box.width))
      line += parts.shift();
    return [line.trim(), box];
  });
  return lines.filter(([line]) => line).map(([line, box]) => letters(line, box, styles));
}

/* A text node, a piece for each line that it stands on. */
function lettering(node) {
  // The part that was not seen can be a megabyte; its heading says how much there is.
  if (!node.data.trim() || node.parentElement.matches(".hs-unseen")) return [];
  const styles = getComputedStyle(node.parentElement);
  const range = document.createRange();
  range.selectNodeContents(node);
  const boxes = [...range.getClientRects()].filter(({ width }) => width);
  if (boxes.length === 1) return [letters(node.data, boxes[0], styles)];
  const pieces = [];
  let at = 0;
  for (const sign of node.data) {
    range.setStart(node, at);
    range.setEnd(node, (at += sign.length));
    const box = [...range.getClientRects()].find(({ width }) => width);
    const last = pieces.at(-1);
    if (box && !(last && continues(last, box)))
      pieces.push({ text: sign, left: box.left, right: box.right, top: box.top, box });
    else if (last) {
      last.text += sign; // what has no width belongs to the sign before it
      if (box) Object.assign(last, {
        left: Math.min(last.left, box.left), right: Math.max(last.right, box.right) });
    }
  }
  return pieces.filter(({ text }) => text.trim()).map(({ text, left, right, top, box }) =>
    letters(text, { left, top, width: right - left, height: box.height }, styles));
}

/* Whether a sign stands on the same line, right before or after a piece. */
function continues({ top, left, right }, box) {
  return Math.abs(box.top - top) < 1
    && (Math.abs(box.left - right) < 1 || Math.abs(box.right - left) < 1);
}

function fontOf({ fontStyle, fontWeight, fontSize, fontFamily }) {
  return `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
}

function letters(text, { left, top, width, height }, styles) {
  MEASURE.font = fontOf(styles);
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = MEASURE.measureText(text);
  const { direction } = styles; // text begins at the right where it runs from right to left
  const upward = styles.writingMode !== "horizontal-tb"; // the heads of columns
  const place = upward
    ? { transform: `translate(${left + (width - up - down) / 2 + up} ${top + height}) rotate(-90)`, textLength: height }
    : { x: direction === "rtl" ? left + width : left, y: top + (height - up - down) / 2 + up, textLength: width };
  const made = shape("text", {
    ...place, direction, fill: styles.color,
    lengthAdjust: "spacingAndGlyphs", "font-family": styles.fontFamily,
    "font-size": styles.fontSize, "font-weight": styles.fontWeight, "xml:space": "preserve",
  });
  if (styles.fontStyle !== "normal") made.setAttribute("font-style", styles.fontStyle);
  if (styles.textDecorationLine !== "none")
    made.setAttribute("text-decoration", styles.textDecorationLine);
  made.textContent = text;
  return made;
}
