"""Texts that visitors paste: words by chance, and a mark by which to know them again.

What a class noticed of the server: how long each thing took, and what went wrong.

It knows nothing about how it was measured.

A visitor without a browser: Streamlit's own messages over a websocket.

Thirty browsers do not fit on a laptop beside the app; thirty of these do. It keeps what the
server drew (elements by their keys and all their bytes) and nothing of how it looks.

The app on a free port, and a headless Chromium that is already running.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import websockets
from playwright.sync_api import Browser, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

SAID = """the film story actor scene end music and but not never very good bad dull bright slow
quick long short funny sad plot joke hero city night rain road letter"""
WORDS = SAID.split()
SENTENCE = 12  # words


def a_text(mark: str, draw: random.Random, words: int = 60) -> str:
    """A text of so many words; it begins with ``mark``, which stands nowhere else."""
    chosen = [mark, *draw.choices(WORDS, k=words - 1)]
    sentences = (chosen[at : at + SENTENCE] for at in range(0, words, SENTENCE))
    return " ".join(" ".join(sentence) + "." for sentence in sentences)


STUDENTS = ("arrive", "visit", "analyse", "compare")
"""What students do; only that counts in the figures of the whole class."""


@dataclass
class Record:
    """What was noticed.

    Attributes:
        seconds: from message to ``script_finished``, by what was done.
        strangers: replies that held the text of another session.
        missing: replies that did not hold the text they were asked about.
        health: seconds of each answer of the health endpoint.
        trained: steps that a run took meanwhile; None where none ran.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    strangers: int = 0
    missing: int = 0
    health: list[float] = field(default_factory=list)
    trained: int | None = None

    def took(self, action: str, seconds: float) -> None:
        """One more reply."""
        self.seconds.setdefault(action, []).append(seconds)

    @property
    def replies(self) -> list[float]:
        """Seconds of all that students asked for."""
        return [each for action in STUDENTS for each in self.seconds.get(action, ())]

    def summary(self) -> dict[str, object]:
        """For people: of the whole class, then of each thing that was done."""
        return {
            **told(self.replies),
            "by_action": {action: told(times) for action, times in self.seconds.items()},
            "errors": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "replies_of_another_session": self.strangers,
            "replies_without_own_text": self.missing,
            "worst_health_seconds": round(max(self.health, default=float("nan")), 3),
            "training_steps_meanwhile": self.trained,
        }


def told(seconds: Sequence[float]) -> dict[str, float]:
    """How many, and their median, 95th percentile and worst; NaN of none."""
    times = np.array(seconds or [np.nan])
    return {
        "replies": len(seconds),
        "median_seconds": round(float(np.median(times)), 3),
        "p95_seconds": round(float(np.quantile(times, 0.95)), 3),
        "worst_seconds": round(float(times.max()), 3),
    }


PROTOCOLS = ["streamlit", "PLACEHOLDER_AUTH_TOKEN"]
LARGEST = 64 * 2**20  # bytes of a message
PATIENCE = 600.0  # seconds


class Trouble(Exception):
    """The server drew an exception, ended the session or did not answer."""


@dataclass
class Reply:
    """What came between a message and the end of the script that it started.

    Attributes:
        seconds: from the message to ``script_finished``.
        content: all that was drawn, as bytes.
        came: seconds from the message until each element with a key came, by its key.
    """

    seconds: float
    content: bytes
    came: dict[str, float]


@dataclass
class Session:
    """One visitor. ``async with Session(address) as visitor``.

    Attributes:
        widgets: what each widget that was touched holds, by its key.
        ids: Streamlit's id of each widget that was drawn, by its key.
        watched: seconds between the reruns that a part of the page asks for, by its id.
    """

    address: str
    widgets: dict[str, WidgetState] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    watched: dict[str, float] = field(default_factory=dict)
    page: str = ""
    _messages: dict[str, bytes] = field(default_factory=dict)

    async def __aenter__(self) -> "Session":
        url = f"{self.address.replace('http', 'ws', 1)}/_stcore/stream"
        self._socket = await websockets.connect(
            url, subprotocols=PROTOCOLS, max_size=LARGEST, open_timeout=PATIENCE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def visit(self, page: str) -> Reply:
        """Opens a page by its address."""
        self.page = page
        return await self.run()

    def type(self, key: str, text: str) -> None:
        """What stands in the text field ``key`` from now on."""
        self.widgets[key] = WidgetState(id=self._id(key), string_value=text)

    def number(self, key: str, value: int) -> None:
        """What stands in the field of whole numbers ``key`` from now on."""
        self.widgets[key] = WidgetState(id=self._id(key), int_value=value)

    async def click(self, key: str) -> Reply:
        """Presses the button ``key``."""
        return await self.run(self._pressed(key))

    async def leave(self, key: str) -> None:
        """Presses the button ``key`` and is gone before there is an answer."""
        await self._send([self._pressed(key)])
        await self._socket.close()

    async def watch(self) -> None:
        """What a browser does by itself: asks for the parts that want to be drawn again."""
        for part, pause in list(self.watched.items()):
            await asyncio.sleep(pause)
            await self.run(part=part)

    async def run(self, *triggers: WidgetState, part: str = "") -> Reply:
        """Sends all widgets and waits until the script, or ``part`` of it, has ended."""
        if not part:
            self.watched.clear()
        started = time.perf_counter()
        await self._send(triggers, part)
        drawn, came = [], {}
        async for raw, key in self._drawn():
            drawn.append(raw)
            if key:
                came[key] = time.perf_counter() - started
        return Reply(time.perf_counter() - started, b"".join(drawn), came)

    async def _send(self, triggers: Iterable[WidgetState], part: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_name = self.page
        state.fragment_id, state.is_auto_rerun = part, bool(part)
        state.cached_message_hashes.extend(self._messages)
        state.widget_states.widgets.extend([*self.widgets.values(), *triggers])
        await self._socket.send(message.SerializeToString())

    def _pressed(self, key: str) -> WidgetState:
        return WidgetState(id=self._id(key), trigger_value=True)

    def _id(self, key: str) -> str:
        if key not in self.ids:
            raise Trouble(f"no widget {key} was drawn on {self.page}")
        return self.ids[key]

    async def _drawn(self) -> AsyncIterator[tuple[bytes, str]]:
        """Each element as it comes, with its key, until the script has ended."""
        while True:
            try:
                raw = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            except (TimeoutError, websockets.ConnectionClosed) as error:
                raise Trouble(f"no answer: {type(error).__name__}") from error
            message = ForwardMsg.FromString(raw)
            kind = message.WhichOneof("type")
            if kind == "ref_hash":
                raw = self._messages[message.ref_hash]
                message = ForwardMsg.FromString(raw)
                kind = message.WhichOneof("type")
            elif message.metadata.cacheable:
                self._messages[message.hash] = raw
            if kind == "delta":
                yield raw, self._taken(message)
            elif kind == "auto_rerun":
                self.watched[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "script_finished" and message.script_finished in ENDS:
                return

    def _taken(self, message: ForwardMsg) -> str:
        """Keeps the id of what was drawn; its key, or "" where it has none."""
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise Trouble(f"the page shows {element.exception.type}: {element.exception.message}")
        drawn = getattr(element, kind, None) if kind else None
        name = getattr(drawn, "id", "")
        if not (isinstance(name, str) and name.startswith("$$ID-")):
            return ""
        key = name.split("-", 2)[2]
        self.ids[key] = name
        return key


ENDS = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)


ROOT = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM) if CHROMIUM.exists() else None,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@contextmanager
def served(script: str = "app.py") -> Iterator[str]:
    """The address of a server of this script that has just been started."""
    with _server(script, {}) as (address, _):
        yield address


@contextmanager
def served_class(environment: Mapping[str, str] = {}) -> Iterator[tuple[str, int]]:
    """Address and process id of a server as ``make class`` starts it, on this machine alone."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ours = {"PYTHONPATH": path, **_heap(), **environment}
    with _server("pages/shared/class_mode.py", ours) as served:
        yield served


def memory(pid: int) -> float:
    """MB of a process that are its own and in memory."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def processor_seconds(pid: int) -> float:
    """That a process has used so far, in all its threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _heap() -> dict[str, str]:
    """What the Makefile sets for a class."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    (heap,) = (line.partition(":=")[2] for line in lines if line.startswith("HEAP :="))
    return dict(setting.split("=") for setting in heap.split())


@contextmanager
def _server(script: str, environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port),
         "--server.headless", "true"],
        cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait(address: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"The server did not start within {PATIENCE:.0f} seconds.")
