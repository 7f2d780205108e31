"""How the pages are reached: the labels of their groups, and addresses in lower case.

All links stand in one row rather than in a menu for each group, so that a newcomer sees every
page. The label above the first link of a group is drawn by CSS and is no part of the link's
name, which remains the page's own.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from han_core.runtime.messages import tr

STYLE = (Path(__file__).with_name("assets") / "navigation.css").read_text("utf-8")


def serves_class() -> bool:
    """Whether this server is one for a class (``make class``), with rooms to join."""
    return bool(os.environ.get("HANSCOPE_CLASS"))


def group_labels(first_pages: Mapping[str, str]) -> str:
    """Return the style that draws each label above the first link of its group.

    Args:
        first_pages: from the label of a group to the address of its first page.
    """
    labels = (
        f'[data-testid$="LinkContainer"]:has(> a[href$="/{address}"]) '
        f'{{ --group: "{label}"; --group-gap: .75rem; }}'
        for label, address in first_pages.items()
    )
    pages = f':root {{ --pages: "{tr("Pages")}"; }}'
    return f"<style>{STYLE}{pages}{' '.join(labels)}</style>"


def page_scripts(folder: Path) -> dict[str, str]:
    """Return the address of each page of a folder, as Streamlit makes it, and its file's name."""
    return {path.stem.partition("_")[2]: path.name for path in sorted(folder.glob("[0-9]*_*.py"))}


class LowerCaseAddresses:
    """ASGI layer that sends a browser from ``/explore`` on to ``/Explore``."""

    def __init__(self, app: ASGIApp, addresses: Iterable[str]) -> None:
        self._app = app
        self._addresses = {f"/{address.lower()}": address for address in addresses}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = self._addresses.get(scope["path"]) if scope["type"] == "http" else None
        if address is None:
            await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        answer = RedirectResponse(f"{address}?{query}" if query else address)
        await answer(scope, receive, send)
