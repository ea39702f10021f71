"""Forty functions that block for as long as the server runs, beside a `def` endpoint."""

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from journal import write

from ostinato import repeat_every

released = threading.Event()


def block() -> None:
    """Hold a thread."""
    write("began")
    released.wait()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    """Start all forty."""
    for _ in range(40):
        await repeat_every(seconds=60)(block)()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def answer() -> str:
    """Take one of the application's own forty threads."""
    return "answered"
