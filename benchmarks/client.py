"""One person at a Streamlit app, without a browser: its own protocol over a web socket (proto/BackMsg, ForwardMsg)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

LARGEST = 2**26  # bytes of a message


@dataclass
class Person:
    """A session. `widgets`: the last seen element of every kind that has an id; `last`: the bytes of the last run."""

    socket: ClientConnection
    page: str  # address of a page, "" for the first one
    widgets: dict[str, Any] = field(default_factory=dict[str, Any])
    last: bytes = b""
    pages: dict[str, str] = field(default_factory=dict[str, str])  # address -> hash, as the navigation tells them

    async def open(self) -> None:
        """A first run; where the page is another than the first, a run of that one."""
        await self._run(BackMsg())
        if self.page:
            await self._run(BackMsg())

    async def set(self, kind: str, **value: Any) -> None:
        """A run after a widget of a kind ("slider", "text_area") has changed, as `double_array_value=[3.0]`."""
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add(id=self.widgets[kind].id)
        for name, one in value.items():
            getattr(state, name).data.extend(one) if isinstance(one, list) else setattr(state, name, one)
        await self._run(message)

    async def _run(self, message: BackMsg) -> None:
        message.rerun_script.page_script_hash = self.pages.get(self.page, "")
        await self.socket.send(message.SerializeToString())
        self.last = b""
        async for raw in self.socket:
            assert isinstance(raw, bytes)
            self.last += raw
            told = ForwardMsg.FromString(raw)
            self._note(told)
            ended = told.WhichOneof("type") == "script_finished"
            if ended and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return
        raise ConnectionError("the server closed the socket within a run")

    def _note(self, told: ForwardMsg) -> None:
        if told.WhichOneof("type") == "navigation":
            self.pages |= {page.url_pathname: page.page_script_hash for page in told.navigation.app_pages}
        elif told.WhichOneof("type") == "delta" and told.delta.WhichOneof("type") == "new_element":
            kind = told.delta.new_element.WhichOneof("type") or ""
            element = getattr(told.delta.new_element, kind) if kind else None
            if getattr(element, "id", ""):
                self.widgets[kind] = element


@asynccontextmanager
async def person(port: int, page: str = "") -> AsyncIterator[Person]:
    """Somebody who has opened a page of the app at that port."""
    address = f"ws://localhost:{port}/_stcore/stream"
    async with connect(
        address,
        origin=f"http://localhost:{port}",  # pyright: ignore[reportArgumentType]
        subprotocols=["streamlit"],  # pyright: ignore[reportArgumentType]
        max_size=LARGEST,
        ping_timeout=None,  # a busy server is what is measured
    ) as socket:
        one = Person(socket, page)
        await one.open()
        yield one
