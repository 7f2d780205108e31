/* What a heatmap does when it is touched: notes, folds, keys, clicks.

   It is one stop of the tab key. The arrow keys move between words and the sentences'
   bars, up and down between sentences; Enter and Space act. */

/* Numbers for people. */

function percent(weight, digits = 3) {
  if (weight > 0 && weight < 1e-6) return "<0.0001%";
  return `${Number((100 * weight).toPrecision(digits))}%`;
}

function times(labels, weight, items) {
  return filled(labels.times, { number: Number((weight * items).toPrecision(3)) });
}

function sentenceLines({ sentences, sums, labels }, number) {
  const { length } = sentences.weights;
  const weight = sentences.weights[number];
  const said = sums ? labels.sum : labels.sentence;
  return [
    filled(said, { number: number + 1, weight: percent(weight) }), times(labels, weight, length),
    filled(labels.rank, { rank: sentences.ranks[number], count: length }),
  ];
}

function wordLines(data, at) {
  const { tokens: { length }, labels } = data;
  const lines = [
    filled(labels.within, { weight: percent(data.within[at]) }),
    filled(labels.weight, { weight: percent(data.weights[at]) }),
    times(labels, data.weights[at], length),
    filled(labels.rank, { rank: data.ranks[at], count: length }),
  ];
  if (data.values) lines.unshift(filled(labels.value, { title: data.title, value: data.values[at] }));
  if (data.unknown.includes(at)) lines.push(labels.unknown);
  if (data.added.includes(at)) lines.push(labels.added);
  return lines;
}

function lines(view, { kind, at }) {
  const { labels } = view.data;
  const hint = view.act ? { word: [labels.take], sentence: [labels.take],
    back: [labels.back] }[kind] ?? [] : [];
  if (view.data.asks && kind === "word") hint.push(labels.asks);
  if (kind === "word") return [...wordLines(view.data, at), ...hint];
  if (kind === "sentence") return [...sentenceLines(view.data, at), ...hint];
  return kind === "back" ? [labels.gone, ...hint] : [];
}

/* The one note, and the one stop of the tab key. */

function showNote(view, place, y) {
  hideNote(view);
  const target = view.items[place];
  const said = lines(view, target);
  if (!said.length) return;
  const { note, panel } = view;
  note.replaceChildren(...said.map((line) => {
    const row = document.createElement("div");
    row.textContent = line;
    return row;
  }));
  note.hidden = false;
  target.element.setAttribute("aria-describedby", note.id);
  view.noted = target.element;
  if (target.kind === "sentence") target.element.parentNode.classList.add("hs-lit");
  const boxes = [...target.element.getClientRects()];
  const box = boxes.find(({ top, bottom }) => y >= top && y <= bottom) ?? boxes[0];
  if (!box) return;
  const around = panel.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = note;
  const left = Math.min(box.left + box.width / 2 - width / 2, around.right - width);
  const fits = box.bottom + 6 + height <= innerHeight || box.top - 6 - height < 0;
  note.style.left = `${Math.max(left, around.left) - around.left}px`;
  note.style.top = `${(fits ? box.bottom + 6 : box.top - 6 - height) - around.top}px`;
}

function hideNote(view) {
  view.note.hidden = true;
  view.noted?.removeAttribute("aria-describedby");
  view.noted?.parentNode?.classList.remove("hs-lit");
  view.noted = null;
}

function stopAt(view, place) {
  const [before, now] = [view.items[view.current]?.element, view.items[place]?.element];
  if (before && before !== now) before.tabIndex = -1;
  if (now) now.tabIndex = 0;
  view.current = place;
}

/* Folds. */

function showFolds(view) {
  for (const fold of view.folds) {
    const numbers = [...Array(fold.end - fold.first)].map((_, i) => fold.first + i);
    fold.open = view.all || numbers.some((number) => view.opened.has(number));
    fold.row.hidden = fold.open;
    for (const number of numbers) {
      // The browser's search finds what is hidden like this, and asks us to show it.
      if (fold.open) view.rows[number].removeAttribute("hidden");
      else view.rows[number].setAttribute("hidden", "until-found");
    }
  }
  const folded = view.folds.some((fold) => !fold.open);
  view.button.hidden = !view.folds.length;
  view.button.textContent = folded
    ? filled(view.data.labels.all, { count: view.data.sentences.firsts.length })
    : view.data.labels.fewer;
}

function openFold(view, fold) {
  view.opened.add(fold.first);
  showFolds(view);
}

function toggleAll(view) {
  view.all = view.folds.some((fold) => !fold.open);
  view.opened.clear();
  showFolds(view);
}

/* What people do. */

function listen(view) {
  const { root } = view;
  const placeOf = (target) => view.places.get(
    target?.closest?.(".hs-token, .hs-weight, .hs-out, .hs-fold"));
  const note = (target, y) => {
    const place = placeOf(target);
    if (place === undefined) hideNote(view);
    else showNote(view, place, y);
  };
  root.addEventListener("pointerover", ({ target, clientY }) => note(target, clientY));
  root.addEventListener("pointerleave", () => note(root.querySelector(":focus-visible")));
  root.addEventListener("focusin", ({ target }) => {
    const place = placeOf(target);
    if (place !== undefined) stopAt(view, place);
    note(target);
  });
  root.addEventListener("focusout", () => hideNote(view));
  root.addEventListener("pointerdown", ({ target }) => {
    // In Chromium, text cannot be selected from a word on that takes the focus.
    const place = placeOf(target);
    if (place === undefined) return;
    const { element } = view.items[place];
    element.removeAttribute("tabindex");
    setTimeout(() => { element.tabIndex = place === view.current ? 0 : -1; });
  });
  root.addEventListener("click", ({ target, ctrlKey, metaKey }) => {
    // Who has selected text by dragging wanted the text.
    const place = document.getSelection().isCollapsed ? placeOf(target) : undefined;
    if (place === undefined) return;
    view.items[place].element.tabIndex = 0;
    view.items[place].element.focus({ preventScroll: true });
    press(view, place, ctrlKey || metaKey);
  });
  root.addEventListener("keydown", (event) => key(view, event, placeOf(event.target)));
  root.addEventListener("beforematch", ({ target }) => {
    const number = target.closest(".hs-sentence").dataset.sentence - 1;
    openFold(view, view.folds.find(({ first, end }) => first <= number && number < end));
  });
  view.button.addEventListener("click", () => toggleAll(view));
}

function key(view, event, place) {
  if (place === undefined || event.altKey || event.metaKey) return;
  if (event.key === "Escape") return hideNote(view);
  const pressed = event.key === "Enter" || event.key === " ";
  const next = pressed ? place : nextPlace(view, place, event.key, event.ctrlKey);
  if (next === undefined) return;
  event.preventDefault();
  if (pressed) press(view, place, event.ctrlKey);
  else view.items[next].element.focus();
}

/* The place that a key leads to; undefined where it leads nowhere. */
function nextPlace({ items }, place, key, whole) {
  const rowOf = (at) => items[at].element.closest(".hs-sentence, .hs-fold");
  const inSight = (at) => !items[at].element.closest("[hidden]");
  const row = rowOf(place);
  const find = (at, step, fits = () => true) => {
    do at += step; while (items[at] && !(inSight(at) && fits(at)));
    return items[at] && at;
  };
  const edge = (at, step) => {
    const there = rowOf(at);
    while (items[at + step] && rowOf(at + step) === there) at += step;
    return at;
  };
  /* From a bar to the bar, from a word to the first word of the other sentence. */
  const inOther = (found) => {
    if (found === undefined) return undefined;
    const first = edge(found, -1);
    const toWord = items[place].kind !== "sentence" && items[first].kind === "sentence";
    return toWord ? first + 1 : first;
  };
  const { parentNode } = items[place].element; // a bar's row, or the sentence around a word
  const forward = getComputedStyle(parentNode).direction !== "rtl";
  switch (key) {
    case "Home": return whole ? find(-1, 1) : edge(place, -1);
    case "End": return whole ? find(items.length, -1) : edge(place, 1);
    case "ArrowRight": return find(place, forward ? 1 : -1);
    case "ArrowLeft": return find(place, forward ? -1 : 1);
    case "ArrowDown": return inOther(find(place, 1, (at) => rowOf(at) !== row));
    case "ArrowUp": return inOther(find(place, -1, (at) => rowOf(at) !== row));
  }
}

function press(view, place, asks = false) {
  const { data, items } = view;
  const { kind, at, element } = items[place];
  if (kind === "fold") {
    openFold(view, view.folds[at]);
    items[place + 1].element.focus();
    return;
  }
  if (!view.act) return;
  if (asks && data.asks && kind === "word")
    return view.act({ do: "ask", start: data.starts[at], end: data.ends[at], id: null });
  element.classList.add("hs-asked");
  if (kind === "back") return view.act({ do: "back", start: null, end: null, id: data.out[at][2] });
  const { firsts } = data.sentences;
  const [first, after] = kind === "word" ? [at, at + 1]
    : [firsts[at], firsts[at + 1] ?? data.tokens.length];
  view.act({ do: kind, start: data.starts[first], end: data.ends[after - 1], id: null });
}
