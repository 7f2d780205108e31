"""A visitor without a browser: Streamlit's own messages over a websocket.

Thirty browsers do not fit on a laptop beside the app; thirty of these do. It keeps what the
server drew (elements by their keys and all their bytes) and nothing of how it looks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

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
