"""Hanscope as a server: the pages of ``app.py`` behind the request guard.

``make run`` and ``make class`` serve this. For a class (``HANSCOPE_CLASS=1``) models and pages
are loaded before the first student comes: the health check says ok once every checkpoint has
explained a text; and there are rooms to join (``class_routes``). Streamlit collects garbage after
every run of a page, which takes longer than the page with the objects of thirty sessions; so
living objects are frozen every second, and all are collected once a minute. ``cache.Quotas`` says
what waits for a click.
"""

import asyncio
import gc
import importlib
import inspect
import socket
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime import get_instance

from han_core.runtime.errors import UserError
from pages.shared.navigation import LowerCaseAddresses, page_scripts, serves_class
from pages.shared.request_guard import RequestGuard
from pages.shared.upload_limits import UploadLimits

if serves_class():  # takes longer to import than all the rest here
    from pages.shared import class_routes

    CHANGES = class_routes.RoomChanges()
    ROUTES = class_routes.routes(CHANGES)
else:
    ROUTES = []


async def get_head(request: Request) -> Response:
    """GET the weights of a head that a page has offered to its visitor."""
    heads = importlib.import_module("han_core.viz.attention_heads")  # whoever offers has loaded it
    asked = (request.path_params[name] for name in ("name", "layer", "head"))
    content = await run_in_threadpool(heads.offered_head, *asked)
    headers = {"Cache-Control": "no-store"}
    return Response(content, 404 if content is None else 200, headers, "application/octet-stream")


ROUTES.append(Route("/heads/{name}/{layer:int}/{head:int}", get_head))

ROOT = Path(__file__).parents[2]
PAUSE = 1.0  # seconds between two freezes
ROUNDS = 60  # freezes between two full collections
HEAVY = (
    "pages.shared.cache",
    "han_core.runtime.devices",
    "han_core.analysis.dataset",
    "han_core.training.runs.manage",
    "han_core.viz.charts.evidence",
)
"""What the first visitor of a class does not wait for; whoever is alone sees the title first."""
TITLE = ("pages.shared.page", "streamlit.emojis", "PIL.ImageFile")
"""What drawing a title imports."""
TEXT = "This text is explained at the start. So no visitor waits for the model."  # not shown


@asynccontextmanager
async def prepared(app: st.App) -> AsyncIterator[None]:
    """Load what a class needs before the server says that it is healthy; open a browser."""
    UploadLimits(get_instance().uploaded_file_mgr)
    if not st.get_option("server.headless"):
        asyncio.get_running_loop().call_later(1, _open_browser)
    if not serves_class():
        Thread(target=load_title, daemon=True).start()
        yield
        return
    _load()
    CHANGES.stop_with_server()
    tasks = [asyncio.create_task(_freeze_objects()), asyncio.create_task(CHANGES.watch())]
    yield
    for task in tasks:
        task.cancel()


def _open_browser() -> None:
    webbrowser.open(f"http://127.0.0.1:{st.get_option('server.port')}")


async def _freeze_objects() -> None:
    """Keep living objects out of garbage collection, so that it only looks at new ones."""
    while True:
        gc.unfreeze()
        gc.collect()
        for _ in range(ROUNDS):
            gc.freeze()
            await asyncio.sleep(PAUSE)


def load_title() -> None:
    """Load what the first visitor's title needs, while their browser loads Streamlit's scripts."""
    for module in TITLE:
        importlib.import_module(module)
    inspect.stack()  # finds all modules' files, as Streamlit does before it draws a first element
    gc.freeze()  # Streamlit collects garbage after each run, and the first only leads to a page


def _load() -> None:
    cache, devices, *_ = [importlib.import_module(module) for module in HEAVY]
    device = devices.available_devices()[0]
    for name in cache.listings():
        try:
            question = cache.Question(name, device, TEXT)
            cache.evidence(question, "word", "delete", "quick", lambda done, of: None)
        except UserError:  # the page says what is wrong with it
            continue


class SentAtOnce:
    """ASGI layer that lets every packet leave at once (TCP_NODELAY).

    asyncio sees to this for sockets that say that they are TCP, and Streamlit's does not say so.
    Whatever follows a first packet then waits 40 ms for the browser to acknowledge that one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = getattr(receive, "__self__", None)  # uvicorn's own; nothing else leads to it
        if (transport := getattr(connection, "transport", None)) is not None:
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._app(scope, receive, send)


app = st.App(
    str(ROOT / "app.py"),
    lifespan=prepared,
    routes=ROUTES,
    middleware=[
        Middleware(SentAtOnce),
        Middleware(
            RequestGuard,
            hosts=st.get_option("server.allowedHosts"),
            origins=st.get_option("server.corsAllowedOrigins"),
        ),
        Middleware(LowerCaseAddresses, addresses=page_scripts(ROOT / "pages")),
    ],
)
