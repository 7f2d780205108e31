"""Serve the app on a free port, and visit it with or without a browser.

``Session`` is a visitor without a browser, who speaks Streamlit's own messages over a websocket:
thirty browsers do not fit on a laptop beside the app, thirty of these do. It keeps the drawn
elements by their keys and all their bytes, and nothing of how they look.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import websockets
from playwright.sync_api import Browser, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

ROOT = Path(__file__).parents[1]
SERVER = "pages/shared/server.py"
CHROMIUM = Path("/usr/bin/chromium")
VOCABULARY = (
    "the film story actor scene end music and but not never very good bad dull bright slow "
    "quick long short funny sad plot joke hero city night rain road letter"
)
SENTENCE = 12  # words


def random_text(mark: str, draw: random.Random, words: int = 60) -> str:
    """Return a random text that begins with ``mark``, which stands nowhere else in it."""
    chosen = [mark, *draw.choices(VOCABULARY.split(), k=words - 1)]
    sentences = (chosen[at : at + SENTENCE] for at in range(0, words, SENTENCE))
    return " ".join(" ".join(sentence) + "." for sentence in sentences)


PROTOCOLS = ["streamlit", "PLACEHOLDER_AUTH_TOKEN"]
LARGEST = 64 * 2**20  # bytes of a message
PATIENCE = 600.0  # seconds
ENDS = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)


class SessionError(Exception):
    """The server drew an exception, ended the session or did not answer."""


@dataclass(frozen=True)
class Reply:
    """The answer to a message, until the script that it started has ended.

    Attributes:
        seconds: from the message to ``script_finished``.
        content: everything that was drawn, as bytes.
        arrival: seconds from the message to each element with a key, by its key.
    """

    seconds: float
    content: bytes
    arrival: dict[str, float]


@dataclass
class Session:
    """A visitor without a browser: ``async with Session(address) as visitor``.

    Attributes:
        widgets: the state of each widget that was touched, by its key.
        ids: Streamlit's id of each widget that was drawn, by its key.
        fragments: seconds between the reruns that a part of the page asks for, by its id.
        id: the server's name of this session.
    """

    address: str
    widgets: dict[str, WidgetState] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    fragments: dict[str, float] = field(default_factory=dict)
    page: str = ""
    id: str = ""
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
        """Open a page by its address."""
        self.page = page
        return await self.run()

    def type(self, key: str, text: str) -> None:
        """Type into the text field ``key``."""
        self.widgets[key] = WidgetState(id=self._id(key), string_value=text)

    def number(self, key: str, value: int) -> None:
        """Type into the field of whole numbers ``key``."""
        self.widgets[key] = WidgetState(id=self._id(key), int_value=value)

    async def upload(self, key: str, name: str, content: bytes) -> Reply:
        """Choose a file in the upload ``key``."""
        file = await self._file_id(name)
        status = await asyncio.to_thread(send_file, self.address, self.id, file, name, content)
        if status != 204:
            raise SessionError(f"the server refused the file with {status}")
        info = UploadedFileInfo(name=name, size=len(content), file_id=file)
        info.file_urls.file_id = file
        state = FileUploaderState(uploaded_file_info=[info])
        self.widgets[key] = WidgetState(id=self._id(key), file_uploader_state_value=state)
        return await self.run()

    async def click(self, key: str) -> Reply:
        """Press the button ``key``."""
        return await self.run(self._pressed(key))

    async def leave(self, key: str) -> None:
        """Press the button ``key`` and disconnect before the answer."""
        await self._send([self._pressed(key)])
        await self._socket.close()

    async def watch(self) -> None:
        """Rerun the parts of the page that are due, as a browser does by itself."""
        for fragment, pause in list(self.fragments.items()):
            await asyncio.sleep(pause)
            await self.run(fragment=fragment)

    async def run(self, *triggers: WidgetState, fragment: str = "") -> Reply:
        """Send all widgets and wait until the script, or one fragment of it, has ended."""
        if not fragment:
            self.fragments.clear()
        started = time.perf_counter()
        await self._send(triggers, fragment)
        drawn, arrival = [], {}
        async for raw, key in self._drawn():
            drawn.append(raw)
            if key:
                arrival[key] = time.perf_counter() - started
        return Reply(time.perf_counter() - started, b"".join(drawn), arrival)

    async def _send(self, triggers: Iterable[WidgetState], fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_name = self.page
        state.fragment_id, state.is_auto_rerun = fragment, bool(fragment)
        state.cached_message_hashes.extend(self._messages)
        state.widget_states.widgets.extend([*self.widgets.values(), *triggers])
        await self._socket.send(message.SerializeToString())

    async def _file_id(self, name: str) -> str:
        """Ask the server where to send a file."""
        message = BackMsg()
        request = message.file_urls_request
        request.request_id, request.session_id = uuid.uuid4().hex, self.id
        request.file_names.append(name)
        await self._socket.send(message.SerializeToString())
        while True:
            _, answer = await self._receive()
            if answer.WhichOneof("type") == "file_urls_response":
                return answer.file_urls_response.file_urls[0].file_id

    def _pressed(self, key: str) -> WidgetState:
        return WidgetState(id=self._id(key), trigger_value=True)

    def _id(self, key: str) -> str:
        if key not in self.ids:
            raise SessionError(f"no widget {key} was drawn on {self.page}")
        return self.ids[key]

    async def _drawn(self) -> AsyncIterator[tuple[bytes, str]]:
        """Yield each element with its key, until the script has ended."""
        while True:
            raw, message = await self._receive()
            kind = message.WhichOneof("type")
            if kind == "delta":
                yield raw, self._note_id(message)
            elif kind == "new_session":
                self.id = message.new_session.initialize.session_id
            elif kind == "auto_rerun":
                self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "script_finished" and message.script_finished in ENDS:
                return

    async def _receive(self) -> tuple[bytes, ForwardMsg]:
        """Return the next message, as bytes and read."""
        try:
            raw = await asyncio.wait_for(self._socket.recv(), PATIENCE)
        except (TimeoutError, websockets.ConnectionClosed) as error:
            raise SessionError(f"no answer: {type(error).__name__}") from error
        message = ForwardMsg.FromString(raw)
        if message.WhichOneof("type") == "ref_hash":
            raw = self._messages[message.ref_hash]
            return raw, ForwardMsg.FromString(raw)
        if message.metadata.cacheable:
            self._messages[message.hash] = raw
        return raw, message

    def _note_id(self, message: ForwardMsg) -> str:
        """Store the id of an element; return its key, or "" where it has none."""
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise SessionError(
                f"the page shows {element.exception.type}: {element.exception.message}"
            )
        drawn = getattr(element, kind, None) if kind else None
        name = getattr(drawn, "id", "")
        if not (isinstance(name, str) and name.startswith("$$ID-")):
            return ""
        key = name.split("-", 2)[2]
        self.ids[key] = name
        return key


CLOSED = 0
"""Instead of a status: the server refused the rest of a file by closing the connection."""


def send_file(address: str, session: str, file: str, name: str, content: bytes) -> int:
    """Send a file under an id, as a browser does; return the status of the answer."""
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    headers = {
        "Content-Type": f"multipart/form-data; boundary={mark}",
        "Cookie": cookie,
        "X-Xsrftoken": cookie.partition("=")[2],
    }
    url, body = f"{address}/_stcore/upload_file/{session}/{file}", head.encode() + content
    request = urllib.request.Request(
        url, body + f"\r\n--{mark}--\r\n".encode(), headers, method="PUT"
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        if isinstance(error.reason, (BrokenPipeError, ConnectionResetError)):
            return CLOSED
        raise


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM) if CHROMIUM.exists() else None,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@contextmanager
def served(script: str = SERVER) -> Iterator[str]:
    """Serve the app as ``make run`` does, or a script, as a cold start; yield the address."""
    with _server(script, {}) as (address, _):
        yield address


@contextmanager
def served_class(
    environment: Mapping[str, str] = {}, log: int | IO = subprocess.DEVNULL
) -> Iterator[tuple[str, int]]:
    """Serve the app as ``make class`` does, on this machine alone; yield address and process id.

    Args:
        log: what takes the server's output, as ``subprocess`` has it.
    """
    ours = {"HANSCOPE_CLASS": "1", **_heap(), **environment}
    with _server(SERVER, ours, log) as served:
        yield served


def memory_mb(pid: int) -> float:
    """Return the private memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far, in all its threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _heap() -> dict[str, str]:
    """Return the environment that the Makefile sets for a class."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    (heap,) = (line.partition(":=")[2] for line in lines if line.startswith("HEAP :="))
    return dict(setting.split("=") for setting in heap.split())


@contextmanager
def _server(
    script: str, environment: Mapping[str, str], log: int | IO = subprocess.DEVNULL
) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port),
         "--server.headless", "true"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=log, stderr=log,
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
