/* The sentence bars beside a heatmap: one a sentence, in text order or the heaviest first.

   A click on a bar shows its sentence. Follows heatmap_touch.js in the same module. */

function showBars(view) {
  const isShown = Boolean(view.data.overview);
  view.panel.classList.toggle("hs-overview", isShown);
  if (!isShown) return view.bars?.remove();
  if (!view.bars) beginBars(view);
  const { weights, ranks } = view.data.sentences;
  const order = weights.map((_, number) => number);
  if (view.sorted) order.sort((one, other) => ranks[one] - ranks[other] || one - other);
  const { labels } = view.data;
  view.bars.setAttribute("aria-label", labels.bars);
  view.barsTitle.textContent = view.data.sums ? labels.barsOfSums : labels.barsOfWeights;
  view.sort.textContent = labels.sort;
  view.sort.setAttribute("aria-pressed", String(Boolean(view.sorted)));
  view.list.replaceChildren(...order.map((number) => sentenceBar(view, number)));
  view.panel.prepend(view.bars);
}

function beginBars(view) {
  view.bars = made("div", "hs-bars", {
    "data-testid": "sentence-bars", role: "group",
  });
  view.sort = made("button", "hs-sort", { type: "button" });
  view.sort.addEventListener("click", () => {
    view.sorted = !view.sorted;
    showBars(view);
  });
  view.list = made("div", "hs-list");
  view.list.addEventListener("click", ({ target }) => {
    const bar = target.closest(".hs-jump");
    if (bar) showSentence(view, Number(bar.dataset.bar) - 1);
  });
  view.barsTitle = made("span", "hs-bars-title");
  view.bars.append(view.barsTitle, view.sort, view.list);
}

function sentenceBar({ data }, number) {
  const { weights, bars, ranks } = data.sentences;
  const bar = made("button", "hs-jump", {
    type: "button", "data-bar": number + 1,
    "aria-label": filled(data.labels.show, {
      sentence: joined(data.labels.pair, sentenceLines(data, number)),
    }),
    title: sentenceLines(data, number).join("\n"),
  });
  const parts = ["hs-number", "hs-track", "hs-value", "hs-rank"].map((name) => made("span", name));
  parts[0].textContent = number + 1;
  const length = made("i", "");
  length.style.setProperty("--length", `${100 * bars[number]}%`);
  parts[1].append(length);
  parts[2].textContent = percent(weights[number], 2);
  parts[3].textContent = `#${ranks[number]}`;
  bar.append(...parts);
  return bar;
}

function showSentence(view, number) {
  const fold = view.folds.find(({ first, end }) => first <= number && number < end);
  if (fold && !fold.open) openFold(view, fold);
  const row = view.rows[number];
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  row.scrollIntoView({ block: "nearest", behavior });
  row.querySelector(".hs-weight").focus({ preventScroll: true });
}
