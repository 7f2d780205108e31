/* The film of attention in the browser, drawn from the JSON of film.py.

   A slider over the moments of a run, a button that plays them, the words as the heatmap
   draws them, and the prediction beside them. It is drawn in the same module as the
   heatmap. Foreign text only ever becomes a text node. */

const FILMS = new WeakMap();
const WHOLE = 8000; // milliseconds that a film lasts, unless its frames get too short or long
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/* What Streamlit calls, at first and whenever the data are others. */
export default function ({ data, parentElement }) {
  drawFilm(parentElement, data);
  return () => {
    const film = FILMS.get(parentElement);
    if (film) pause(film);
    film?.root.remove();
    FILMS.delete(parentElement);
  };
}

/* Draws a film in place. Whoever stood at its end follows the run that goes on; whoever
   stood at another moment stays there, whichever document comes. */
export function drawFilm(place, data) {
  const film = FILMS.get(place) ?? beginFilm(place);
  const { frames } = data;
  const step = film.data?.frames[film.at]?.step;
  const follows = step === undefined || film.at === film.data.frames.length - 1;
  const stays = frames.findIndex((frame) => frame.step >= step);
  film.data = data;
  const { labels } = data;
  film.root.setAttribute("aria-label", labels.film);
  film.slider.setAttribute("aria-label", labels.moment);
  film.heading.textContent = labels.predicted;
  film.slider.max = frames.length - 1;
  film.slider.disabled = film.button.disabled = frames.length < 2;
  film.marks.replaceChildren(...frames.flatMap((frame, at) => frame.ends_epoch ? [mark(film, at)] : []));
  film.classes.replaceChildren(...data.classes.flatMap(classRow));
  show(film, follows || stays < 0 ? frames.length - 1 : stays);
}

function beginFilm(place) {
  const film = { at: 0, timer: null };
  film.root = made("div", "hs hs-film", {
    "data-testid": "attention-film", role: "group",
  });
  film.button = made("button", "hs-film-play", { type: "button" });
  film.slider = made("input", "hs-film-slider", {
    type: "range", min: 0, step: 1,
  });
  film.marks = made("div", "hs-film-marks", { "aria-hidden": "true" });
  film.moment = made("p", "hs-film-moment");
  film.words = made("div", "hs-film-words");
  const bar = made("div", "hs-film-bar");
  bar.append(film.button, film.slider, film.marks, film.moment);
  const stage = made("div", "hs-film-stage");
  stage.append(film.words, side(film));
  film.root.append(bar, stage);
  place.append(film.root);
  FILMS.set(place, film);
  film.button.addEventListener("click", () => pressPlay(film));
  film.slider.addEventListener("input", () => { pause(film); show(film, +film.slider.value); });
  film.slider.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    pressPlay(film);
  });
  return film;
}

function side(film) {
  const panel = made("div", "hs-film-side hs-prediction", { "data-testid": "film-prediction" });
  const head = made("p", "");
  film.heading = made("span", "");
  film.predicted = made("strong", "");
  film.classes = made("div", "hs-classes");
  film.accuracy = made("p", "hs-film-accuracy");
  head.append(film.heading, document.createElement("br"), film.predicted);
  panel.append(head, film.classes, film.accuracy);
  return panel;
}

function classRow(label) {
  const track = made("div", "hs-track");
  track.append(document.createElement("i"));
  const name = made("span", "");
  name.textContent = label;
  return [name, track, made("span", "hs-chance")];
}

/* Where on the slider an epoch ended. */
function mark(film, at) {
  const line = document.createElement("i");
  line.style.setProperty("--at", `${100 * at / Math.max(1, film.data.frames.length - 1)}%`);
  return line;
}

function show(film, at) {
  const { still, frames } = film.data;
  const frame = frames[at];
  film.at = at;
  film.root.setAttribute("data-step", frame.step);
  film.slider.value = at;
  film.slider.setAttribute("aria-valuetext", filled(film.data.labels.value, { title: frame.moment, value: frame.predicted }));
  film.moment.textContent = frame.moment;
  film.predicted.textContent = frame.predicted;
  film.accuracy.textContent = frame.accuracy;
  frame.chances.forEach(([share, written], row) => {
    const [name, track, number] = [...film.classes.children].slice(3 * row, 3 * row + 3);
    name.classList.toggle("hs-first", row === frame.first);
    track.firstChild.style.setProperty("--length", `${share}%`);
    number.textContent = written;
  });
  draw(film.words, { ...still, ...frame }, null);
  nameButton(film);
}

/* Playing. */

function pressPlay(film) {
  const last = film.data.frames.length - 1;
  if (film.timer) return pause(film);
  if (!last) return;
  if (STILL.matches) return show(film, film.at === last ? 0 : film.at + 1);
  if (film.at === last) show(film, 0);
  const pace = Math.min(700, Math.max(100, WHOLE / last));
  film.timer = setInterval(() => advance(film), pace);
  nameButton(film);
}

function advance(film) {
  if (film.at < film.data.frames.length - 1) show(film, film.at + 1);
  if (film.at === film.data.frames.length - 1) pause(film);
}

function pause(film) {
  clearInterval(film.timer);
  film.timer = null;
  nameButton(film);
}

/* Who wants no motion gets a moment at a press. */
function nameButton(film) {
  const { labels } = film.data;
  film.button.textContent = film.timer ? labels.pause : STILL.matches ? labels.next : labels.play;
  film.button.toggleAttribute("data-playing", Boolean(film.timer));
}
