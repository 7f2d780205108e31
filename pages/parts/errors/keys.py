"""Keys of the keyboard that do something on the page, wherever the focus is.

They rest while somebody types, and arrows rest where they move something already (a table,
a slider, the heatmap). It knows nothing about what the keys are for.
"""

from collections.abc import Callable, Mapping

import streamlit as st

# Ahead of Streamlit's own keys (r, c), which would run the page again or clear its caches.
_LISTENER = st.components.v2.component(
    "hanscope_keys",
    js="""
const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select, " +
  "[contenteditable]:not([contenteditable=false]), [role=combobox], [role=listbox]";
const MOVED = "canvas, [role=grid], [role=slider], [role=radiogroup], [role=tablist], " +
  "[role=menu], [data-testid=word-heatmap]";
const held = new WeakMap();

function listen(parentElement) {
  const one = { keys: {}, send: null };
  const pressed = (event) => {
    const action = Object.hasOwn(one.keys, event.key) ? one.keys[event.key] : null;
    const focus = event.composedPath()[0];
    if (action === null || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (focus.closest?.(TYPED) || document.querySelector("[role=dialog][aria-modal=true]")) return;
    if (event.key.startsWith("Arrow") && focus.closest?.(MOVED)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    one.send(action);
  };
  // A click on a figure would leave the focus in the field where somebody typed before.
  const clicked = (event) => {
    const focus = document.activeElement;
    if (event.target.closest?.(".js-plotly-plot") && focus?.matches(TYPED)) focus.blur();
  };
  window.addEventListener("keydown", pressed, true);
  window.addEventListener("pointerdown", clicked, true);
  one.stop = () => {
    window.removeEventListener("keydown", pressed, true);
    window.removeEventListener("pointerdown", clicked, true);
    held.delete(parentElement);
  };
  held.set(parentElement, one);
  return one;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const one = held.get(parentElement) ?? listen(parentElement);
  one.keys = data.keys;
  one.send = (action) => setTriggerValue("act", action);
  return one.stop;
}
""",
)


def listener(
    keys: Mapping[str, str], key: str = "keys", on_press: Callable[[str], None] | None = None
) -> str | None:
    """Listens while it is drawn; returns the action of the key that was pressed, if one was.

    Args:
        keys: key as browsers name it ("j", "1", "ArrowLeft"; case counts) → action.
        key: its own on the page, the same from run to run.
        on_press: called with the action before the next run of the page, as callbacks are.
    """

    def came() -> None:
        act = st.session_state[key].get("act")
        if isinstance(act, str) and act in actions and on_press is not None:
            on_press(act)

    actions = set(keys.values())
    act = _LISTENER(key=key, data={"keys": dict(keys)}, on_act_change=came).act
    return act if isinstance(act, str) and act in actions else None
