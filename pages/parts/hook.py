"""A container that carries a ``data-testid`` of our own.

Streamlit sets no attributes on containers, so a component without any look does:
it is mounted inside the container and marks it. It comes and goes with the
container, whatever made the page draw again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

_MARK = st.components.v2.component(
    "hanscope_test_id",
    js="""
export default function ({ data, parentElement }) {
  const place = parentElement.host ?? parentElement;
  place.closest(".st-key-" + data.container)?.setAttribute("data-testid", data.testid);
}
""",
)


@contextmanager
def hooked(testid: str, key: str) -> Iterator[None]:
    """A container with this test id; ``key`` is its own on the page."""
    with st.container(key=key, gap=None):
        _MARK(key=f"{key}_mark", data={"container": key, "testid": testid})
        yield
