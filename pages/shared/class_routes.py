"""The students' side of class rooms: the page ``/join`` and what it calls; for a class only.

A phone that votes opens no session of Streamlit: it gets one small page, posts its answers, and
hears of each phase by server-sent events (HTML Living Standard, section 9.2), or asks every
three seconds where a proxy holds events back. A cookie that scripts cannot read holds the
student's secret. Requests are small, and each student and each address has a rate.
"""

import asyncio
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from han_core.analysis.classroom.database import KEPT, class_database
from han_core.analysis.classroom.students import (
    ClassView,
    NotJoined,
    Ticket,
    class_view,
    give_answer,
    join,
    normal_code,
    student_view,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import Locale, known_locale, mark, speaking, tr
from han_core.viz.markup import CLASSROOM_STYLESHEET

COOKIE = "hanscope_student"
LARGEST = 2_048  # bytes of a request
POLL = 0.2  # seconds until a changed room is noticed
HEARTBEAT = 10.0  # seconds after which a stream repeats itself, so that nobody takes it for dead
STREAMS, STREAMS_EACH = 600, 3  # open at a time: in all, and of one student
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def _asset(name: str) -> str:
    return (Path(__file__).with_name("assets") / name).read_text("utf-8")


class Allowance:
    """So many requests at once, and so many a second, for each name (a token bucket)."""

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic):
        self._burst, self._rate, self._clock = burst, rate, clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> bool:
        """Whether one more request is allowed now; if so, it counts."""
        now = self._clock()
        if len(self._left) > 10_000:  # whoever has been silent for so long has all of it again
            silent = self._burst / self._rate
            self._left = {key: at for key, at in self._left.items() if now - at[1] < silent}
        left, before = self._left.get(name, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._rate)
        allowed = left >= 1
        self._left[name] = (left - allowed, now)
        return allowed


JOINING = Allowance(burst=100, rate=5)  # of an address: a class may stand behind one
ASKING = Allowance(burst=20, rate=2)  # of a student


class RoomChanges:
    """Wakes listeners when their room has another version, whichever process changed it.

    A room is read once for all who listen: thirty reads at the same moment would wait for each
    other and for the pages of a class that explores.
    """

    def __init__(self) -> None:
        self._views: dict[str, ClassView | None] = {}  # None: the room is gone
        self._changed = asyncio.Condition()
        self.listeners: Counter[tuple[str, int]] = Counter()
        self.stopped = False

    async def watch(self) -> None:
        """Look for changes for ever; nothing is read while nobody listens."""
        while True:
            await asyncio.sleep(POLL)
            listening = {code for (code, _), count in self.listeners.items() if count}
            if not listening:
                continue
            try:
                views = await run_in_threadpool(self._look, listening)
            except UserError:  # locked for long: the next look may succeed
                continue
            if views:
                async with self._changed:
                    self._views |= views
                    self._changed.notify_all()

    def _look(self, codes: Iterable[str]) -> dict[str, ClassView | None]:
        """Return the rooms among ``codes`` that have changed since the last look."""
        versions = class_database().versions()
        changed: dict[str, ClassView | None] = {}
        for code in codes:
            known = self._views.get(code)
            if code not in versions:
                changed[code] = None
            elif known is None or known.room.version != versions[code]:
                changed[code] = class_view(class_database(), code)
        return changed

    def _later(self, code: str, version: int) -> bool:
        if code not in self._views:
            return False
        view = self._views[code]
        return view is None or view.room.version > version

    async def next_view(self, ticket: Ticket, version: int) -> dict[str, Any]:
        """Return what a student sees in a later version than this, or now after ``HEARTBEAT``.

        Raises:
            NotJoined: if the room is gone.
        """
        async with self._changed:
            later = self._changed.wait_for(
                lambda: self.stopped or self._later(ticket.code, version)
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(later, HEARTBEAT)
            view = self._views.get(ticket.code)
            # An older view is without the answers that came after it.
            if self._later(ticket.code, version) and view is not None:
                return view.of(ticket.student)
        return await run_in_threadpool(student_view, class_database(), ticket)

    async def stop(self) -> None:
        """End all streams: a server that is told to stop waits for them."""
        async with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def stop_with_server(self) -> None:
        """Stop when the process is told to end; before that, the server's own handler runs."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)

            def handle(*sent, before=before) -> None:
                if callable(before):
                    before(*sent)
                loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self.stop()))

            signal.signal(number, handle)


Handler = Callable[[Request], Awaitable[Response]]


def one_sentence(handler: Handler) -> Handler:
    """Answer a mistake with its sentence: 401 for a stranger to the room, else 400."""

    async def answered(request: Request) -> Response:
        with speaking(_locale(request)):
            try:
                return await handler(request)
            except NotJoined as error:
                return _error(str(error), 401)
            except UserError as error:
                return _error(str(error), 400)

    return answered


def _locale(request: Request) -> Locale:
    """Return the language that a student's browser asks for first, as the page itself does."""
    first = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
    return known_locale(first) or "en"


def _error(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


TOO_FAST = mark("Too many requests came from here; please wait a few seconds.")


async def _content(request: Request, **kinds: type) -> dict:
    """Return the JSON object of a request, with exactly these fields."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise UserError(tr("A request of at most {most:,} bytes is expected.", most=LARGEST))
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UserError(tr("A request in JSON is expected.")) from error
    fits = isinstance(content, dict) and content.keys() == kinds.keys()
    if not fits or not all(isinstance(content[name], kind) for name, kind in kinds.items()):
        raise UserError(tr("A JSON object with {names} is expected.", names=", ".join(kinds)))
    return content


def _ticket(request: Request) -> Ticket:
    ticket = Ticket.parse(request.cookies.get(COOKIE, ""))
    if ticket is None:
        raise NotJoined(tr("This browser has joined no room yet."))
    return ticket


async def take_seat(request: Request) -> Response:
    """POST code and nickname: join a room; the cookie is the seat."""
    if not JOINING.take(request.client.host if request.client else ""):
        return _error(tr(TOO_FAST), 429)
    sent = await _content(request, code=str, nickname=str)
    database = class_database()
    ticket = await run_in_threadpool(join, database, normal_code(sent["code"]), sent["nickname"])
    answer = JSONResponse(await run_in_threadpool(student_view, database, ticket))
    age = int(KEPT.total_seconds())
    answer.set_cookie(COOKIE, str(ticket), age, path="/join", httponly=True, samesite="strict")
    return answer


async def post_answer(request: Request) -> Response:
    """POST question, round and answer; the reply is what the student sees then."""
    ticket = _ticket(request)
    if not ASKING.take(str(ticket)):
        return _error(tr(TOO_FAST), 429)
    sent = await _content(request, question=str, round=int, answer=object)
    database = class_database()
    given = (sent["question"], sent["round"], sent["answer"])
    await run_in_threadpool(give_answer, database, ticket, *given)
    return JSONResponse(await run_in_threadpool(student_view, database, ticket))


async def get_state(request: Request) -> Response:
    """GET what the student sees now."""
    ticket = _ticket(request)
    if not ASKING.take(str(ticket)):
        return _error(tr(TOO_FAST), 429)
    view = await run_in_threadpool(student_view, class_database(), ticket)
    return JSONResponse(view, headers={"Cache-Control": "no-store"})


def routes(changes: RoomChanges) -> list[Route]:
    """Return the routes below ``/join``."""

    async def get_events(request: Request) -> Response:
        """GET a stream with what the student sees now, and again whenever that changes."""
        ticket = _ticket(request)
        await run_in_threadpool(student_view, class_database(), ticket)
        own = changes.listeners[ticket.code, ticket.student]
        if own >= STREAMS_EACH or changes.listeners.total() >= STREAMS:
            return _error(tr(TOO_FAST), 429)
        return StreamingResponse(
            events(changes, ticket, _locale(request)),
            media_type="text/event-stream",
            # Proxies such as nginx would collect events before they pass them on.
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return [
        _static("/join", _asset("join.html"), "text/html"),
        _static("/join/join.js", _asset("join.js"), "text/javascript"),
        _static("/join/join.css", CLASSROOM_STYLESHEET + _asset("join.css"), "text/css"),
        Route("/join/seat", one_sentence(take_seat), methods=["POST"]),
        Route("/join/answer", one_sentence(post_answer), methods=["POST"]),
        Route("/join/state", one_sentence(get_state)),
        Route("/join/events", one_sentence(get_events)),
    ]


async def events(changes: RoomChanges, ticket: Ticket, locale: Locale = "en") -> AsyncIterator[str]:
    """Yield what a student sees now and whenever it changes, until the room is gone."""
    seat = ticket.code, ticket.student
    changes.listeners[seat] += 1
    try:
        yield "retry: 1000\n\n"
        with speaking(locale):  # never across a yield, where another task may go on
            view = await run_in_threadpool(student_view, class_database(), ticket)
        while not changes.stopped:
            yield f"data: {json.dumps(view)}\n\n"  # not shown
            with speaking(locale):
                view = await changes.next_view(ticket, view["version"])
    except NotJoined as error:
        yield f"event: gone\ndata: {json.dumps({'error': str(error)})}\n\n"  # not shown
    except UserError:  # the browser asks again
        return
    finally:
        changes.listeners[seat] -= 1
        if not changes.listeners[seat]:
            del changes.listeners[seat]


def _static(path: str, content: str, kind: str) -> Route:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}

    async def get(request: Request) -> Response:
        return Response(content, media_type=kind, headers=headers)

    return Route(path, get)
