/* Lines up the sentences of heatmaps that stand side by side.

   A row of data.rows holds, for each panel, the character at which its sentence begins, or
   null. Panels that stand one below the other, as on a phone, stay as they are. The heatmaps
   draw themselves anew whenever their data change, so the page is watched. */

const watched = new WeakMap();

export default function ({ data, parentElement }) {
  const place = document.querySelector(`.st-key-${data.container}`);
  if (!place) return undefined;
  watched.get(place)?.();
  let frame = 0;
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => align(data));
  };
  const resized = new ResizeObserver(later);
  const drawn = new MutationObserver(later);
  resized.observe(place);
  drawn.observe(place, { childList: true, subtree: true, attributeFilter: ["hidden"] });
  later();
  const stop = () => {
    cancelAnimationFrame(frame);
    resized.disconnect();
    drawn.disconnect();
  };
  watched.set(place, stop);
  return stop;
}

function align({ panels, rows }) {
  const drawn = panels.map((key, at) => {
    const panel = document.querySelector(`.st-key-${key}`);
    return { at, top: topOf(panel), sentences: sentencesOf(panel), moved: 0 };
  });
  const all = drawn.flatMap(({ sentences }) => [...sentences.values()]);
  for (const sentence of all) sentence.style.marginTop = "";
  const natural = new Map(all.map((sentence) => [sentence, topOf(sentence)]));
  for (const band of new Set(drawn.map(({ top }) => top))) {
    const beside = drawn.filter(({ top }) => top === band);
    for (const starts of rows) lineUp(beside, starts, natural);
  }
}

/* Moves down what begins higher than its neighbours; all that follows it moves along. */
function lineUp(panels, starts, natural) {
  const row = panels
    .map((panel) => ({ panel, sentence: panel.sentences.get(starts[panel.at]) }))
    .filter(({ sentence }) => sentence);
  const places = row.map(({ panel, sentence }) => natural.get(sentence) + panel.moved);
  const lowest = Math.max(...places);
  row.forEach(({ panel, sentence }, i) => {
    const margin = lowest - places[i];
    if (margin < 1) return;
    sentence.style.marginTop = `${margin}px`;
    panel.moved += margin;
  });
}

/* The sentences in sight, by the character at which they begin. */
function sentencesOf(panel) {
  const found = new Map();
  for (const sentence of panel?.querySelectorAll(".hs-sentence:not([hidden])") ?? []) {
    const first = sentence.querySelector("[data-start]");
    if (first) found.set(Number(first.dataset.start), sentence);
  }
  return found;
}

function topOf(element) {
  return element ? Math.round(element.getBoundingClientRect().top + scrollY) : -1;
}
