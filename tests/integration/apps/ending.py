"""An application whose runs tell how they ended; `KIND` says what they are."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from journal import write
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ostinato import repeat_every


@repeat_every(seconds=60)
async def wait_for_ever() -> None:
    """Wait until cancelled, and clean up by awaiting."""
    write("began")
    try:
        await asyncio.Event().wait()
    finally:
        write("finally")
        await asyncio.sleep(0.05)
        write("cleaned up")


@repeat_every(seconds=60)
def block_for_ever() -> None:
    """Occupy a thread for good."""
    write("began")
    threading.Event().wait()


@repeat_every(seconds=60)
async def pause() -> None:
    """End at once, so that the repetition waits."""


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
    """Start the kind that is asked for; stop it before the teardown if that is asked for."""
    await pause()
    repetition = await {"async": wait_for_ever, "def": block_for_ever}[os.environ["KIND"]]()
    yield
    if os.environ.get("STOPS"):
        await repetition.stop()
    write("teardown")


async def hello(_request: Request) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/", hello)], lifespan=lifespan)
