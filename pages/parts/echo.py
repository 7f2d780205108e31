"""A widget's value that the server sets, and a browser that has not heard of it yet.

With every click a browser tells the values of all widgets. One that was not told of a change
tells the old value, which must neither count as a choice nor undo the change: whoever
types and presses the button at once would lose the text to the example that stood before.
It knows nothing about what the widgets are for.
"""

import time
from dataclasses import dataclass, replace

import streamlit as st

HEARD = 0.3  # seconds until a browser that was sent a value has it; nobody chooses so soon


@dataclass(frozen=True)
class _Put:
    before: object
    value: object
    sent: float | None = None  # None until the widget has been drawn with it


def put(key: str, value: object) -> None:
    """Gives the widget ``key`` a value, from a callback or before it is drawn."""
    held = st.session_state.get(key)
    if key in st.session_state and held == value:
        return  # what the browser may still have to hear of stays as it is
    st.session_state[f"put_{key}"] = _Put(held, value)
    st.session_state[key] = value


def drawn(key: str) -> None:
    """Says that the widget was drawn; from now on the browser hears of its value."""
    made = st.session_state.get(f"put_{key}")
    if made is not None and made.sent is None:
        st.session_state[f"put_{key}"] = replace(made, sent=time.monotonic())


def is_echo(key: str, pressed: str | None = None) -> bool:
    """Whether the widget's value is what stood there before; if so, puts back what was put.

    Args:
        pressed: the key of a button whose press says that nothing was chosen here just now.
    """
    made = st.session_state.get(f"put_{key}")
    if made is None or st.session_state.get(key) != made.before:
        return False
    heard = made.sent is not None and time.monotonic() - made.sent > HEARD
    if heard and not (pressed and st.session_state.get(pressed)):
        del st.session_state[f"put_{key}"]
        return False
    st.session_state[f"put_{key}"] = replace(made, sent=None)
    st.session_state[key] = made.value
    return True
