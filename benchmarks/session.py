"""A visitor without a browser: Streamlit's own messages over a websocket.

Thirty browsers do not fit on a laptop beside the app; thirty of these do. It keeps what the
server drew (elements by their keys and all their bytes) and nothing of how it looks.
"""

import asyncio
import time
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

PROTOCOLS = ["streamlit", "PLACEHOLDER_AUTH_TOKEN"]
LARGEST = 64 * 2**20  # bytes of a message
PATIENCE = 120.0  # seconds


class Trouble(Exception):
    """The server drew an exception, ended the session or did not answer."""


@dataclass
class Reply:
    """What came between a message and the end of the script that it started.

    Attributes:
        seconds: from the message to ``script_finished``.
        content: all that was drawn, as bytes.
    """

    seconds: float
    content: bytes


@dataclass
class Session:
    """One visitor. ``async with Session(address) as visitor``.

    Attributes:
        widgets: what each widget that was touched holds, by its key.
        ids: Streamlit's id of each widget that was drawn, by its key.
    """

    address: str
    widgets: dict[str, WidgetState] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    cached: list[str] = field(default_factory=list)
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

    async def click(self, key: str) -> Reply:
        """Presses the button ``key``."""
        return await self.run(WidgetState(id=self._id(key), trigger_value=True))

    async def run(self, *triggers: WidgetState) -> Reply:
        """Sends all widgets and waits until the script has ended."""
        message = BackMsg()
        state = message.rerun_script
        state.page_name = self.page
        state.cached_message_hashes.extend(self._messages)
        state.widget_states.widgets.extend([*self.widgets.values(), *triggers])
        started = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        content = b"".join([part async for part in self._drawn()])
        return Reply(time.perf_counter() - started, content)

    def _id(self, key: str) -> str:
        if key not in self.ids:
            raise Trouble(f"no widget {key} was drawn on {self.page}")
        return self.ids[key]

    async def _drawn(self):
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
                self._take(message)
                yield raw
            elif kind == "script_finished" and message.script_finished in ENDS:
                return

    def _take(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise Trouble(f"the page shows {element.exception.type}: {element.exception.message}")
        drawn = getattr(element, kind, None) if kind else None
        name = getattr(drawn, "id", "")
        if isinstance(name, str) and name.startswith("$$ID-"):
            self.ids[name.split("-", 2)[2]] = name


ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)
