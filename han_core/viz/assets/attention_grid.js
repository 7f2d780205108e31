/* The grid of all heads, for attention_map.js, which this follows in the same module.

   It is one stop of the tab key: arrow keys move, Enter acts, Delete prunes. The table holds
   the same figures for those who read rather than look, and sorts. */

const RESTING = 60; // milliseconds until a head that is pointed at is fetched

function beginGrid(view) {
  const grid = { at: [0, 0], cells: new Map() };
  grid.root = made("div", "hs hs-grid");
  grid.bar = made("div", "hs-bar-row");
  grid.cellsRoot = made("div", "hs-heads", { "data-testid": "attention-grid" });
  grid.line = made("p", "hs-line");
  grid.root.append(grid.bar, grid.cellsRoot, grid.line);
  grid.cellsRoot.addEventListener("keydown", (event) => pressKey(view, event));
  for (const kind of ["mouseover", "focusin"])
    grid.cellsRoot.addEventListener(kind, ({ target }) => {
      const cell = target.closest("[data-head]");
      if (!cell) return;
      describe(view, placeOf(cell));
      expect(view, placeOf(cell));
    });
  grid.cellsRoot.addEventListener("click", ({ target }) => {
    const cell = target.closest("button");
    if (cell?.dataset.head !== undefined) clickHead(view, placeOf(cell));
    else if (cell) pruneLayer(view, Number(cell.dataset.layer));
  });
  return grid;
}

function placeOf({ dataset }) {
  return [Number(dataset.layer), Number(dataset.head)];
}

async function drawGrid(view) {
  const { grid, data } = view;
  if (view.gridOf !== `${view.packed} ${data.prunes} ${Boolean(view.act)}`) {
    view.gridOf = `${view.packed} ${data.prunes} ${Boolean(view.act)}`;
    fillGrid(view);
    const packed = view.packed;
    const pixels = new Uint8Array(await unpack(data.thumbnails.packed));
    if (view.packed !== packed) return;
    view.pixels = pixels;
    drawThumbnails(view);
  }
  markHeads(view);
  drawTable(view);
}

function fillGrid(view) {
  const { grid, data } = view;
  grid.cells.clear();
  grid.bar.replaceChildren();
  if (data.prunes && view.act) {
    const prune = (value) => { view.mode = value; grid.root.dataset.mode = value; markHeads(view); };
    grid.bar.append(choice(view.labels.click, [
      ["open", view.labels.open, view.labels.openTitle],
      ["prune", view.labels.prune, view.labels.pruneTitle],
    ], view.mode, prune));
  }
  const columns = data.heads.length;
  grid.root.hidden = view.table.root.hidden = columns * data.layers.length === 1;
  grid.cellsRoot.style.setProperty("--heads", columns);
  const corner = made("span", "hs-corner", { "aria-hidden": "true" });
  const names = data.heads.map((name) =>
    made("span", "hs-head-name", { title: name, "aria-hidden": "true" }, short(name, view.labels.head)));
  grid.cellsRoot.replaceChildren(corner, ...names);
  data.layers.forEach((name, layer) => {
    grid.cellsRoot.append(made("button", "hs-layer", { type: "button", "data-layer": layer,
      tabindex: -1, title: name }, short(name, view.labels.layer)));
    data.heads.forEach((_, head) => grid.cellsRoot.append(thumbnail(view, layer, head)));
  });
}

/* "Layer 12" is 12 in the grid; other names stand as they are. */
function short(name, label) {
  const [before, after] = label.split("{number}");
  const number = name.slice(before.length, name.length - after.length);
  return name === before + number + after && /^\d+$/.test(number) ? number : name;
}

function thumbnail(view, layer, head) {
  const { entropy } = view.data.figures;
  const cell = made("button", "hs-head", {
    type: "button", tabindex: -1, "data-layer": layer, "data-head": head,
  }, made("canvas", "", { "aria-hidden": "true" }), made("span", "hs-entropy", {}, made("i", "")));
  cell.style.setProperty("--entropy", `${100 * entropy[layer][head]}%`);
  view.grid.cells.set(`${layer},${head}`, cell);
  return cell;
}

function drawThumbnails(view) {
  const { pixels, data } = view;
  if (!pixels) return;
  const { rows, columns } = data.thumbnails;
  const palette = colours(view);
  for (const [key, cell] of view.grid.cells) {
    const [layer, head] = key.split(",").map(Number);
    const from = (layer * data.heads.length + head) * rows * columns;
    const bytes = pixels.subarray(from, from + rows * columns);
    const drawn = painting(columns, rows, Uint32Array.from(bytes, (value) => palette[value]));
    const canvas = cell.firstChild;
    Object.assign(canvas, { width: columns, height: rows });
    canvas.getContext("2d").drawImage(drawn, 0, 0);
  }
}

/* Which head is open, which are out, and the one stop of the tab key. */
function markHeads(view) {
  const { grid, pruned, opened } = view;
  if (opened) grid.at = opened;
  for (const [key, cell] of grid.cells) {
    const out = pruned.has(key);
    cell.classList.toggle("hs-pruned", out);
    cell.setAttribute("aria-current", String(key === String(opened)));
    cell.setAttribute("aria-label", sentence(view, placeOf(cell)));
    cell.tabIndex = key === String(grid.at) ? 0 : -1;
  }
  for (const button of grid.cellsRoot.querySelectorAll(".hs-layer")) {
    button.disabled = !(view.mode === "prune" && view.data.prunes && view.act);
    button.ariaLabel = filled(view.labels.pruneLayer, { layer: view.data.layers[button.dataset.layer] });
  }
  if (opened) describe(view, opened);
}

function sentence(view, [layer, head]) {
  const { data, labels } = view;
  const { entropy, distance, special } = data.figures;
  const facts = [filled(labels.entropyOf, { share: share(entropy[layer][head], 2) })];
  if (distance[layer][head] !== null)
    facts.push(filled(labels.distanceOf, { number: Number(distance[layer][head].toPrecision(2)) }));
  if (data.shares) facts.push(filled(labels.specialOf, { share: share(special[layer][head], 2) }));
  if (view.pruned.has(`${layer},${head}`)) facts.push(labels.pruned);
  return filled(labels.value, { title: headName(view, [layer, head]), value: joined(labels.pair, facts) });
}

function headName({ data, labels }, [layer, head]) {
  return joined(labels.pair, [data.layers[layer], data.heads[head].toLowerCase()].filter(Boolean));
}

function describe(view, place) {
  view.grid.line.textContent = sentence(view, place);
}

function pressKey(view, event) {
  const cell = event.target.closest("[data-head]");
  if (!cell) return;
  const [layer, head] = placeOf(cell);
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (event.key in moves) {
    const [down, right] = moves[event.key];
    const next = view.grid.cells.get(`${layer + down},${head + right}`);
    if (next) {
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  } else if (event.key === "Delete" && view.data.prunes && view.act) toggle(view, [[layer, head]]);
  else return;
  event.preventDefault();
}

function clickHead(view, place) {
  if (view.mode === "prune") return toggle(view, [place]);
  askHead(view, place);
}

/* Opens a head, and tells whoever listens once it is there: a run of the page takes longer. */
async function askHead(view, place) {
  view.asked = view.act ? place : null;
  await openHead(view, place);
  // Another map may have come meanwhile, which asks for no head; the click is for it then.
  const later = view.asked && view.asked !== place;
  if (view.act && !later) view.act({ do: "open", layer: place[0], head: place[1] });
}

/* Fetches a head on which the pointer or the focus rests, so that it is there when it is opened. */
function expect(view, place) {
  clearTimeout(view.resting);
  if (view.data.offered && view.mode === "open")
    view.resting = setTimeout(() => weightsOf(view, place), RESTING);
}

function pruneLayer(view, layer) {
  toggle(view, view.data.heads.map((_, head) => [layer, head]));
}

/* Takes heads out; where all of them are out already, puts them back. */
function toggle(view, places) {
  const back = places.every((place) => view.pruned.has(String(place)));
  for (const place of places) view.pruned[back ? "delete" : "add"](String(place));
  markHeads(view);
  const heads = [...view.pruned].map((key) => key.split(",").map(Number));
  view.act({ do: "prune", heads });
}

/* The same figures as a table that sorts. */

function beginTable(view) {
  const table = { sort: "place", down: false }, { labels } = view;
  table.root = made("details", "hs hs-table");
  table.body = made("tbody", "");
  table.headers = made("tr", "");
  table.root.append(made("summary", "", {}, labels.table), made("div", "hs-scroll", {
    tabindex: 0, role: "region", "aria-label": labels.table,
  }, made("table", "", {}, made("thead", "", {}, table.headers), table.body)));
  table.root.addEventListener("toggle", () => drawTable(view));
  return table;
}

function drawTable(view) {
  const { table, data } = view;
  if (!table.root.open) return;
  const columns = ["place", "entropy"];
  if (data.figures.distance[0][0] !== null) columns.push("distance");
  if (data.shares) columns.push("special");
  table.headers.replaceChildren(...columns.map((name) => headerCell(view, name)));
  const rows = data.layers.flatMap((_, layer) => data.heads.map((_, head) => ({
    place: layer * data.heads.length + head, at: [layer, head],
    ...Object.fromEntries(columns.slice(1).map((name) => [name, data.figures[name][layer][head]])),
  })));
  rows.sort((one, other) => (table.down ? -1 : 1) * (one[table.sort] - other[table.sort]));
  table.body.replaceChildren(...rows.map((row) => tableRow(view, row, columns)));
}

function headerCell(view, name) {
  const { table, labels } = view;
  const sorted = table.sort === name ? (table.down ? "descending" : "ascending") : "none";
  return made("th", "", { scope: "col", "aria-sort": sorted }, tool(labels.columns[name],
    labels.about[name], () => {
      table.down = table.sort === name && !table.down;
      table.sort = name;
      drawTable(view);
      table.headers.querySelector("[aria-sort$=ending] button").focus();
    }));
}

function tableRow(view, row, columns) {
  const name = headName(view, row.at);
  const open = tool(name, filled(view.labels.openHead, { name }), () => {
    askHead(view, row.at);
  });
  const written = { entropy: share, special: share, distance: (value) => value.toFixed(1) };
  return made("tr", "", {}, made("th", "", { scope: "row" }, open),
    ...columns.slice(1).map((column) => made("td", "", {}, written[column](row[column], 2))));
}
