/* Keys of the keyboard that do something on the page, wherever the focus is.

   They rest while somebody types, and arrows rest where they already move something (a table,
   a slider, the heatmap). They come before Streamlit's own keys (r, c), which would run the page
   again or clear its caches. */

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, " +
  "[contenteditable]:not([contenteditable=false]), [role=combobox], [role=listbox]";
const MOVING = "canvas, [role=grid], [role=slider], [role=radiogroup], [role=tablist], " +
  "[role=menu], [data-testid=word-heatmap]";
const listeners = new WeakMap();

function own(names, key) {
  return Object.hasOwn(names, key) ? names[key] : null;
}

/* Esc leaves a field that a key leads into, so that keys work again. */
function leaves(listener, focus) {
  return Object.values(listener.elements).some((selector) => focus.matches?.(selector)) &&
    focus.matches(TYPING);
}

function use(element) {
  if (element?.matches(TYPING)) {
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  } else element?.click();
}

function listen(parentElement) {
  const listener = { keys: {}, elements: {}, send: null };
  const pressed = (event) => {
    const action = own(listener.keys, event.key);
    const selector = own(listener.elements, event.key);
    const focus = event.composedPath()[0];
    if (event.key === "Escape" && leaves(listener, focus)) return focus.blur();
    if ((action === null && selector === null) || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (focus.closest?.(TYPING) || document.querySelector("[role=dialog][aria-modal=true]")) return;
    if (event.key.startsWith("Arrow") && focus.closest?.(MOVING)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (selector === null) listener.send(action);
    else use(document.querySelector(selector));
  };
  // A click on a figure would leave the focus in the field where somebody typed before.
  const clicked = (event) => {
    const focus = document.activeElement;
    if (event.target.closest?.(".js-plotly-plot") && focus?.matches(TYPING)) focus.blur();
  };
  window.addEventListener("keydown", pressed, true);
  window.addEventListener("pointerdown", clicked, true);
  listener.stop = () => {
    window.removeEventListener("keydown", pressed, true);
    window.removeEventListener("pointerdown", clicked, true);
    listeners.delete(parentElement);
  };
  listeners.set(parentElement, listener);
  return listener;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const listener = listeners.get(parentElement) ?? listen(parentElement);
  listener.keys = data.keys;
  listener.elements = data.elements;
  listener.send = (action) => setTriggerValue("act", action);
  return listener.stop;
}
