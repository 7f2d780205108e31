"""Who may talk to the server: a check of Host and Origin before anything else, and headers.

A page of a stranger must not use a visitor's browser to reach Hanscope. DNS rebinding makes a
name of the stranger point to this machine: the request then has that name as its Host. A
cross-site request has the stranger's page as its Origin. Both get 403, WebSockets included.
"""

import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from han_core.runtime.messages import known_locale, speaking, tr

ANY = "*"
"""The host pattern that stands for this machine: its names, and every numeric address."""

CLOSED = ("/_stcore/metrics",)
"""Routes that nobody of the visitors needs; they answer 404."""

POLICY = "frame-ancestors 'self'"  # Streamlit's own components are frames
HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def own_names() -> set[str]:
    """Return the names under which this machine may be called."""
    name = socket.gethostname().lower()
    return {"localhost", name, f"{name}.local", socket.getfqdn().lower()}


def split_host(host: str) -> SplitResult | None:
    """Return a Host header in its parts; None where it is no host with an optional port."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    name_and_port_only = parts.netloc == host and "@" not in host
    return parts if parts.hostname and name_and_port_only else None


def is_address(name: str) -> bool:
    """Whether a host is a numeric address, which no name server can make point elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def host_allowed(host: str | None, allowed: Iterable[str]) -> bool:
    """Whether a Host header names one of the allowed hosts; ports do not matter.

    Args:
        host: the header, None where it is missing.
        allowed: names, ``*.example.org`` for all names below one, or ``ANY``.
    """
    parts = split_host(host) if host else None
    if parts is None or parts.hostname is None:
        return False
    name = parts.hostname.rstrip(".")
    for pattern in (pattern.strip().lower().rstrip(".") for pattern in allowed):
        if pattern == ANY:
            if is_address(name) or name in own_names():
                return True
        elif name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:])):
            return True
    return False


def origin_allowed(origin: str | None, host: str, allowed: Sequence[str]) -> bool:
    """Whether a request comes from our own page, from no page, or from an allowed origin."""
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    own = parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()
    return own or origin in allowed


class RequestGuard:
    """ASGI layer that refuses foreign Hosts and Origins, closes routes and adds headers."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str], origins: Sequence[str] = ()) -> None:
        self._app, self._hosts, self._origins = app, tuple(hosts), tuple(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()  # the handshake
            await send({"type": "websocket.close", "code": 1008})  # the server answers 403
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        """Return the answer to a request that may not pass, None for all others."""
        headers = Headers(scope=scope)
        with speaking(known_locale(headers.get("accept-language")) or "en"):
            return self._answer(scope, headers)

    def _answer(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host")
        if host is None or not host_allowed(host, self._hosts):
            return _text(
                tr("This server does not answer under this name. Open it by its own address, or "
                   "name the host with --server.allowedHosts."), 403,
            )  # fmt: skip
        if not origin_allowed(headers.get("origin"), host, self._origins):
            return _text(tr("Only Hanscope's own pages may send requests here."), 403)
        if os.path.normpath(scope["path"]) in CLOSED:
            return _text(tr("There is nothing here."), 404)
        return None


def _text(sentence: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(f"{sentence}\n", status)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("Content-Security-Policy", POLICY)  # beside a response's own policy
            headers.update(HEADERS)
        await send(message)

    return send_with_headers
