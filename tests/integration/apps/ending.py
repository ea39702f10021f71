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
    write("began")
    try:
        await asyncio.Event().wait()
    finally:
        write("finally")
        await asyncio.sleep(0.05)
        write("cleaned up")


@repeat_every(seconds=60)
def block_for_ever() -> None:
    write("began")
    threading.Event().wait()


@repeat_every(seconds=60)
async def pause() -> None:
    write("began")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
    tasks = {"async": wait_for_ever, "def": block_for_ever, "between": pause}
    repetition = await tasks[os.environ["KIND"]]()
    yield
    if os.environ.get("STOPS"):
        await repetition.stop()
    write("teardown")


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/", hello)], lifespan=lifespan)
