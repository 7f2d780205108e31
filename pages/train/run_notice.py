"""The end of a run, told on whatever page of the app is open in the session that looked at it.

As a browser's notification where somebody asked for it, and as a toast and the page's title
everywhere. Browsers have notifications on localhost and over https only.
"""

import streamlit as st

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.runs import manage
from han_core.training.runs.view import RunView
from pages.shared.components import RUN_NOTICE
from pages.shared.page import plain
from pages.train import sentences

EVERY = 2.0  # seconds
FOLLOWED, ENDED = "runs_seen_live", "runs_ended"
MOST_ENDED = 8


def ask() -> None:
    """Draw the button that asks the browser for notifications."""
    labels = {
        "ask": tr("Notify me when a run ends"),
        "granted": tr("You are notified when a run ends."),
        "refused": tr("This browser shows no notifications here; the page's title tells instead."),
    }
    data = {"ask": True, "ended": [], "labels": labels}
    RUN_NOTICE(key="run_notice_ask", data=data, width="content")


def follow(run: RunView) -> None:
    """Tell this session when a run that it looks at has ended."""
    if run.is_live:
        st.session_state.setdefault(FOLLOWED, set()).add(run.id)


def announce() -> None:
    """Look again and again for runs that have ended, and tell each once."""
    st.fragment(_announce, run_every=EVERY if st.session_state.get(FOLLOWED) else None)()


def _announce() -> None:
    followed, ended = st.session_state.get(FOLLOWED, set()), st.session_state.get(ENDED, [])
    for id in sorted(followed):
        try:
            run = manage.view(id)
        except UserError:  # deleted
            followed.discard(id)
            continue
        if not run.is_live:
            followed.discard(id)
            text = sentences.ended(run)
            ended = [*ended, {"id": id, "text": text}][-MOST_ENDED:]
            st.toast(plain(text), icon=":material/notifications:", duration="infinite")
    st.session_state[ENDED] = ended
    RUN_NOTICE(key="run_notice", data={"ask": False, "ended": ended})
