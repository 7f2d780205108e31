/* A list of any number of documents, of which only the rows in sight are drawn.

   The server sends some rows around those in sight; when the reader scrolls to others, the list
   asks for them. Browsers cannot draw an element of any height: a list that would be too tall
   is scrolled in proportion. Foreign text only ever becomes a text node or an attribute. */

const ROW = 88; // pixels, as in the style sheet
const TALLEST = 8_000_000; // pixels
const WAIT = 120; // milliseconds that a scroll must rest before rows are asked for
const LISTS = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const list = LISTS.get(parentElement) ?? begin(parentElement);
  list.send = (act) => setTriggerValue("act", act);
  update(list, data);
  return () => {
    clearTimeout(list.timer);
    list.resized.disconnect();
    list.scroller.remove();
    LISTS.delete(parentElement);
  };
}

function begin(place) {
  const list = { drawn: new Map(), last: null };
  list.scroller = made("div", "scroller");
  list.rows = made("div", "rows", { role: "list" });
  list.scroller.append(list.rows);
  place.append(list.scroller);
  list.scroller.addEventListener("scroll", () => draw(list), { passive: true });
  list.resized = new ResizeObserver(() => list.data && draw(list));
  list.resized.observe(list.scroller);
  LISTS.set(place, list);
  return list;
}

function made(name, classes, attributes = {}, ...children) {
  const element = document.createElement(name);
  element.className = classes;
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.append(...children);
  return element;
}

function update(list, data) {
  const before = list.data;
  const focus = focused(list);
  list.data = data;
  list.sent = new Map(data.rows.map((one, at) => [data.first + at, one]));
  list.rows.style.height = `${Math.min(TALLEST, data.total * ROW)}px`;
  list.rows.setAttribute("aria-label", data.alt);
  if (!before || before.list !== data.list) list.last = null; // other rows, so no range from there
  for (const element of list.drawn.values()) element.remove();
  list.drawn.clear();
  if (!before || before.at !== data.at || before.list !== data.list) reveal(list, data.at);
  draw(list);
  if (focus) list.drawn.get(focus.at)?.querySelector(focus.of)?.focus({ preventScroll: true });
}

/* The row and the control that have the focus, if one has. */
function focused(list) {
  const element = list.scroller.getRootNode().activeElement;
  for (const [at, row] of list.drawn) {
    if (row.contains(element)) return { at, of: element.matches("input") ? "input" : ".open" };
  }
  return null;
}

/* Pixels of the whole list, if browsers could draw it, that are above what is in sight. */
function above(list) {
  const { scroller, data } = list;
  const scrollable = scroller.scrollHeight - scroller.clientHeight;
  const whole = data.total * ROW - scroller.clientHeight;
  return scrollable > 0 ? (scroller.scrollTop / scrollable) * Math.max(whole, scrollable) : 0;
}

/* Scrolls as little as brings row ``at`` into sight. */
function reveal(list, at) {
  if (at < 0) return;
  const { scroller, data } = list;
  const top = above(list);
  const low = (at + 1) * ROW - scroller.clientHeight;
  const wanted = Math.max(low, Math.min(top, at * ROW));
  const whole = data.total * ROW - scroller.clientHeight;
  const scrollable = scroller.scrollHeight - scroller.clientHeight;
  if (wanted !== top && whole > 0) scroller.scrollTop = (wanted / whole) * scrollable;
}

function draw(list) {
  const { scroller, data } = list;
  const top = above(list);
  const first = Math.max(0, Math.floor(top / ROW) - 1);
  const end = Math.min(data.total, Math.ceil((top + scroller.clientHeight) / ROW) + 1);
  for (const [at, element] of list.drawn) {
    if (at >= first && at < end) continue;
    element.remove();
    list.drawn.delete(at);
  }
  let missing = false;
  for (let at = first; at < end; at++) {
    missing ||= !list.sent.has(at);
    if (!list.drawn.has(at)) list.drawn.set(at, list.rows.appendChild(row(list, at)));
    const y = scroller.scrollTop + at * ROW - top;
    list.drawn.get(at).style.transform = `translateY(${y}px)`;
  }
  clearTimeout(list.timer);
  if (missing) list.timer = setTimeout(() => list.send({ do: "show", at: first }), WAIT);
}

function row(list, at) {
  const one = list.sent.get(at);
  const element = made("div", "row", {
    role: "listitem", "aria-setsize": list.data.total, "aria-posinset": at + 1,
  });
  if (!one) return element;
  element.classList.toggle("current", at === list.data.at);
  element.append(box(list, at, one), opener(list, at, one));
  return element;
}

/* A message with its place filled; a function, so that "$&" of a text stays as it is. */
function filled(message, place, text) {
  return message.replace(`{${place}}`, () => text);
}

function box(list, at, one) {
  const input = made("input", "", { type: "checkbox", "aria-label": filled(list.data.words.select, "id", one.id) });
  input.checked = one.selected;
  input.addEventListener("click", (event) => {
    const from = event.shiftKey && list.last !== null ? list.last : at;
    list.last = at;
    list.send({ do: "select", at, row: one.row, from });
  });
  return made("label", "", {}, input);
}

function opener(list, at, one) {
  const predicted = made("b", one.wrong ? "wrong" : "", {}, one.predicted);
  const head = made("span", "head", {},
    made("b", "", {}, one.true), one.wrong ? "→ ✗" : "→", predicted);
  if (one.other !== null) head.append(made("span", "other", {}, filled(list.data.words.second, "class", one.other)));
  head.append(tags(one), made("span", "chance", {}, one.confidence));
  const text = made("span", "text", { lang: "" });
  for (const [piece, strong] of one.excerpt) {
    text.append(strong ? made("mark", "", {}, piece) : piece);
  }
  const button = made("button", "open", { type: "button", title: one.id }, head, text);
  if (at === list.data.at) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => list.send({ do: "read", at, row: one.row, from: at }));
  return button;
}

function tags(one) {
  const place = made("span", "tags");
  for (const [name, colour] of one.tags) {
    const tag = made("span", "tag", { title: name }, name);
    tag.style.setProperty("--colour", colour);
    place.append(tag);
  }
  return place;
}
