"""An application with a scheduler whose task tells how it ends; `KIND` says what it is.

`KIND` is `async` or `def`, and `HOW` what its first run does: `idle` ends at once, `busy` ends once
the scheduler has begun to stop, `heeds` when it is cancelled, and `stuck` never.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from journal import write
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ostinato import Event, Scheduler, Scope

# How much longer than the server's life a busy run takes: less than the scheduler's grace.
LONGER = 0.3


class _ToJournal(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        write(f"{record.levelname} {getattr(record, 'ostinato_event', '')}")


logging.getLogger("ostinato").addHandler(_ToJournal())
logging.getLogger("ostinato").setLevel(logging.DEBUG)


class _Signal:
    """Is set when the probe stops: it is attached behind the scheduler, so it stops just before."""

    def __init__(self) -> None:
        self.since = 0.0
        self.is_set = threading.Event()
        self.is_set_on_loop = asyncio.Event()

    def wants(self, event_name: str) -> bool:
        return event_name == "ostinato.scheduler_stopped"

    def notify(self, event: Event) -> None:
        write("ending")
        self.since = time.monotonic()
        self.is_set.set()
        self.is_set_on_loop.set()


HOW = os.environ["HOW"]
end = _Signal()
scheduler = Scheduler(shutdown_grace=1, cancel_grace=1)
probe = Scheduler(name="probe", observers=[end])
probe.every(seconds=3600, start=3600, name="never", scope=Scope.PROCESS)(lambda: None)


async def end_somehow() -> None:
    """End as `HOW` says."""
    write("began")
    try:
        if HOW == "heeds":
            await asyncio.Event().wait()
        elif HOW == "busy":
            await end.is_set_on_loop.wait()
            await asyncio.sleep(LONGER)
        while HOW == "stuck":
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
    finally:
        write("finally")
        if HOW != "stuck":
            await asyncio.sleep(0.05)
            write("cleaned up")


def end_somehow_in_thread() -> None:
    """End as `HOW` says, in a thread."""
    write("began")
    try:
        if HOW == "busy":
            end.is_set.wait()
            threading.Event().wait(LONGER)
        while HOW == "stuck":
            threading.Event().wait()
    finally:
        write("finally")
        write("cleaned up")


KINDS = {"async": end_somehow, "def": end_somehow_in_thread}
scheduler.every(seconds=60, name="task")(KINDS[os.environ["KIND"]])


@scheduler.every(seconds=0.05, name="beat")
async def beat() -> None:
    """Run often: none of these begins once the server is told to end."""
    write("beat")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
    """Start up and tear down around the scheduler."""
    write("set up")
    yield
    write(f"took {time.monotonic() - end.since:.3f}")
    write("teardown")


async def hello(_request: Request) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/", hello)], lifespan=lifespan)
scheduler.attach(app)
probe.attach(app)
