"""What lies between a worker and its server: it delays, holds back, swallows and cuts."""

import asyncio
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from tests.support.waiting import PAUSE

_AT_ONCE = 65_536


class Proxy:
    """Passes on what is said between clients and one server, as long as it is let.

    Attributes:
        upstream: The server's port, for connections that are made from here on.
        delay: For how many seconds each message is held back.
        is_open: False: nothing is passed on, and nobody is told so.
        cut_before: A request in which this is found does not arrive; its connection is cut.
        cut_after: A request in which this is found arrives; its answer does not.
        every: Only each so many of those requests is cut.
        cuts: How many were.
    """

    def __init__(self, address: str) -> None:
        """Stand before the server at *address*."""
        (port,) = re.findall(r":(\d+)", address)
        self.upstream, self._address, self._port = int(port), address, 0
        self._stands_before = f":{port}"
        self.delay, self.is_open, self.every, self.cuts = 0.0, True, 1, 0
        self.cut_before: bytes | None = None
        self.cut_after: bytes | None = None
        self._found = 0
        self._loop = asyncio.new_event_loop()
        self._serving: set[asyncio.Task[None]] = set()
        self._is_ready = Event()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._ended = asyncio.Event()

    @property
    def address(self) -> str:
        """Where the server is said to be."""
        return self._address.replace(self._stands_before, f":{self._port}")

    def begin(self) -> None:
        """Listen."""
        self._thread.start()
        assert self._is_ready.wait(20)

    def end(self) -> None:
        """Cut all connections, and listen no more."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._note, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._ended.wait()
        server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _note(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._join(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs, ours = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.close()
            return
        is_cut = asyncio.Event()
        pumps = {
            asyncio.ensure_future(self._pump(reader, ours, is_cut, is_request=True)),
            asyncio.ensure_future(self._pump(theirs, writer, is_cut, is_request=False)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (ours, writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_cut: asyncio.Event,
        *,
        is_request: bool,
    ) -> None:
        while data := await reader.read(_AT_ONCE):
            if is_cut.is_set():
                # The answer that nobody is to get.
                return
            if self.delay:
                await asyncio.sleep(self.delay)
            while not self.is_open:  # noqa: ASYNC110 - a test, on another thread, opens it
                await asyncio.sleep(PAUSE)
            if is_request and self._is_due(self.cut_before, data):
                return
            if is_request and self._is_due(self.cut_after, data):
                is_cut.set()
            writer.write(data)
            await writer.drain()

    def _is_due(self, mark: bytes | None, data: bytes) -> bool:
        if mark is None or mark not in data:
            return False
        self._found += 1
        if self._found % self.every:
            return False
        self.cuts += 1
        return True


@contextmanager
def proxied(address: str) -> Generator[Proxy]:
    """Stand before the server at *address*."""
    proxy = Proxy(address)
    proxy.begin()
    try:
        yield proxy
    finally:
        proxy.end()
