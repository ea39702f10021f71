"""One FastAPI application for each way to start a repetition; `START` says which."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from journal import write

from ostinato import repeat_every


class _ToJournal(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        write(f"{record.levelname} {getattr(record, 'ostinato_event', '')}")


logging.getLogger("ostinato").addHandler(_ToJournal())
logging.getLogger("ostinato").setLevel(logging.DEBUG)

released = threading.Event()


@repeat_every(seconds=0.02, max_repetitions=3, on_complete=lambda: write("app-completed"))
async def count() -> None:
    """Leave a word for each run."""
    write("app-run")


@repeat_every(seconds=0.02, max_repetitions=3, on_complete=lambda: write("router-completed"))
def count_for_router() -> None:
    """Leave a word for each run."""
    write("router-run")


@repeat_every(seconds=60)
def block() -> None:
    """Be in the first run for as long as the server runs."""
    write("def-began")
    released.wait()
    write("def-ended")


@repeat_every(seconds=60)
async def wait() -> None:
    """Be in the first run for as long as the server runs."""
    write("async-began")
    await asyncio.Event().wait()
    write("async-ended")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    """Start two whose first runs do not end."""
    await block()
    await wait()
    yield


def made() -> FastAPI:
    """Make the application that is asked for."""
    if os.environ["START"] == "lifespan":
        return FastAPI(lifespan=lifespan)
    application, router = FastAPI(), APIRouter()
    application.on_event("startup")(count)
    router.on_event("startup")(count_for_router)
    application.include_router(router)
    return application


app = made()


@app.get("/")
def hello() -> str:
    """Answer, from one of the threads that serve endpoints."""
    return "hello"
