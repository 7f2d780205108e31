"""The frame of every page: title, error messages, values kept between visits, and its turn.

Imported before the title is drawn, so it imports nothing heavy.

To Streamlit, a widget of the same key on another page is another widget, and a value that
the server set (an example, a default) does not follow. So each page counts as a visit, and a
widget's value is set anew once a visit; more often would overwrite what is being typed.

With every click a browser also sends the values of all widgets. A browser that has not yet
received a value that the server set sends the old one, which must neither count as a choice
nor undo the change. ``set_value`` marks such a value as pending, and ``is_stale`` tells.
"""

import gc
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, local

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from han_core.runtime.errors import UserError
from han_core.runtime.fair_places import identify_visitors
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import VERDICT_STYLESHEET, markdown_text
from pages.shared import language
from pages.shared.upload_limits import drop_uploads

plain = markdown_text
"""Names, labels and everything else from outside pass through this into Markdown."""


ASSETS = Path(__file__).with_name("assets")
FRAME = f"<style>{VERDICT_STYLESHEET}{(ASSETS / 'frame.css').read_text('utf-8')}</style>"
"""How a page looks, and the HTML of figures on it."""

LOGO = (ASSETS / "logo.svg").read_text("utf-8")
"""The product's name, beside the names of the pages."""

ACCESSIBLE = ASSETS / "accessible.css"


def _session_id() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


# What a page imports lives on, and Streamlit collects garbage after every run; looking at all of
# it again and again takes a fifth of the time to the first page.
gc.set_threshold(50_000, 50, 1_000)

# Readers of files are shared by a class, session by session.
identify_visitors(_session_id)


def begin(title: str, caption: str, rest: ExitStack | None = None) -> DeltaGenerator:
    """Draw the title: it is on the screen while the rest of the page is still being imported.

    Args:
        title: the page's name in English, marked as a message, as is ``caption``.
        rest: takes what a rerun may draw at its end, because the browser has it already.

    Returns:
        The row of the title, to which a page may add its pickers.
    """
    _leave_old_multipage_mode()
    if rest is not None and st.session_state.get("page") == title:
        rest.callback(_draw_frame, title)
    else:
        _draw_frame(title)
    start_visit(title)
    row = st.container(horizontal=True, vertical_alignment="center", key="heading")
    row.title(tr(title), anchor=False, help=tr(caption), width="content")
    with row:
        language.switch()
    return row


def _draw_frame(title: str) -> None:
    # Here too, because a page can be run by itself.
    st.set_page_config(page_title=f"{tr(title)} · Hanscope", page_icon="🔦", layout="wide")
    st.logo(LOGO, size="large")
    st.html(FRAME)
    st.html(ACCESSIBLE)


@contextmanager
def user_errors_shown() -> Iterator[None]:
    """End the block at input that cannot be used, and show the error's sentence."""
    try:
        yield
    except UserError as error:
        st.error(plain(str(error)))


def has_visited() -> bool:
    """Whether this session has been to a page."""
    return "page" in st.session_state


def start_visit(page: str) -> None:
    """Note which page is being drawn, before any of its widgets."""
    if st.session_state.get("page") != page:
        if has_visited():
            drop_uploads()
        st.session_state["page"] = page
        st.session_state["visit"] = st.session_state.get("visit", 0) + 1
        st.session_state["carried"] = set()


def restore_value(key: str, default: object, options: Collection[str] | None = None) -> None:
    """Give the widget ``key``, drawn next, the value that it had before, at first ``default``.

    Args:
        options: what can be chosen now; a choice that is gone (a folder removed, a device
            unplugged) gives way to ``default``, with a warning.
    """
    held = value = st.session_state.get(key, default)
    if options is not None and (left := _available(key, held, options)) != held:
        value = left or default
    if key not in st.session_state or key not in st.session_state["carried"] or value != held:
        st.session_state[key] = value
        st.session_state["carried"].add(key)


def _available(key: str, held: object, options: Collection[str]) -> object:
    """``held``, one choice or a list of them, without what is gone."""
    choices = held if isinstance(held, list) else [held]
    for choice in choices:
        if choice not in options:
            name = key.removesuffix("s").replace("checkpoint", "model")
            kind = tr(GONE.get(name, name))
            st.warning(tr("The {kind} {name} is no longer there.",
                          kind=kind, name=plain(str(choice))))  # fmt: skip
    left = [choice for choice in choices if choice in options]
    return left if isinstance(held, list) else next(iter(left), None)


GONE = {"model": mark("model"), "device": mark("device")}

BROWSER_DELAY = 0.3
"""Seconds until a browser has a value that was sent to it; nobody chooses so soon."""


@dataclass(frozen=True)
class _Pending:
    """A value that the server set; ``sent`` is None until the widget was drawn with it."""

    before: object
    value: object
    sent: float | None = None


def set_value(key: str, value: object) -> None:
    """Set the value of the widget ``key``, from a callback or before it is drawn."""
    held = st.session_state.get(key)
    if key in st.session_state and held == value:
        return  # a value that is still pending stays so
    st.session_state[f"put_{key}"] = _Pending(held, value)
    st.session_state[key] = value


def mark_drawn(key: str) -> None:
    """Note that the widget was drawn, so that its value is on the way to the browser."""
    pending = st.session_state.get(f"put_{key}")
    if pending is not None and pending.sent is None:
        st.session_state[f"put_{key}"] = replace(pending, sent=time.monotonic())


def is_stale(key: str, pressed: str | None = None) -> bool:
    """Whether the browser sent the value from before ``set_value``; if so, set the value again.

    Args:
        pressed: the key of a button whose press says that nothing was chosen here just now.
    """
    pending = st.session_state.get(f"put_{key}")
    if pending is None or st.session_state.get(key) != pending.before:
        return False
    received = pending.sent is not None and time.monotonic() - pending.sent > BROWSER_DELAY
    if received and not (pressed and st.session_state.get(pressed)):
        del st.session_state[f"put_{key}"]
        return False
    st.session_state[f"put_{key}"] = replace(pending, sent=None)
    st.session_state[key] = pending.value
    return True


def _leave_old_multipage_mode() -> None:
    """Run app.py after all, where a deep link is the first visit to this server.

    Until ``st.navigation`` has been called once, Streamlit takes a folder called
    pages for the whole app and lists the files in a sidebar. There is no public
    name for that state. Only at the start of a session: a rerun forgets clicks.
    """
    if PagesManager.uses_pages_directory and not has_visited():
        PagesManager.uses_pages_directory = False
        st.rerun()


class RenderQueue:
    """Use as ``with queue.turn(): …`` in each render.

    Args:
        at_once: renders that may be young at the same time. More than one was slower on two
            cores: they took the interpreter from each other in the middle of small steps.
        patience: seconds for which a render counts as young.
    """

    def __init__(self, at_once: int = 1, patience: float = 0.3):
        self.at_once, self.patience = at_once, patience
        self._started: dict[Event, float] = {}
        self._waiting: list[Event] = []
        self._lock = Lock()
        self._thread = local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, first come, first served."""
        own = Event()
        self._take(own, first=False)
        self._thread.own = own
        try:
            yield
        finally:
            self._thread.own = None
            self._leave(own)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let others go on while this thread's render waits for another process."""
        if (own := getattr(self._thread, "own", None)) is None:
            yield
            return
        self._leave(own)
        try:
            yield
        finally:
            self._take(own, first=True)

    def _take(self, own: Event, first: bool) -> None:
        with self._lock:
            self._waiting.insert(0 if first else len(self._waiting), own)
        try:
            while True:
                with self._lock:
                    wait = self._wait(own)
                    if wait == 0:
                        self._started[own] = time.monotonic()
                        return
                    own.clear()
                own.wait(wait)
        finally:  # a render may be stopped while it waits
            with self._lock:
                self._waiting.remove(own)
                self._wake()

    def _leave(self, own: Event) -> None:
        with self._lock:
            self._started.pop(own, None)  # not there if it was stopped while it waited
            self._wake()

    def _wake(self) -> None:
        """Wake only the first: waking all takes longer than what they wait for."""
        if self._waiting:
            self._waiting[0].set()

    def _wait(self, own: Event) -> float | None:
        """Seconds after which to check again; 0 if it is this one's turn, None until woken."""
        if self._waiting[0] is not own:
            return None
        now = time.monotonic()
        left = sorted(self.patience - (now - started) for started in self._started.values())
        young = [seconds for seconds in left if seconds > 0]
        return young[0] if len(young) >= self.at_once else 0


RENDERS = RenderQueue()
