"""Forty functions that block, and an endpoint that needs a thread as well."""

import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from journal import write

from ostinato import repeat_every

released = threading.Event()


def block(number: int) -> None:
    """Hold a thread until the endpoint lets go."""
    write(f"began-{number}")
    released.wait()
    write(f"ended-{number}")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    """Start them all."""
    for number in range(int(os.environ["TASKS"])):
        await repeat_every(seconds=60)(lambda number=number: block(number))()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def hello() -> str:
    """Answer, from one of the threads that serve endpoints."""
    return threading.current_thread().name


@app.post("/release")
def release() -> None:
    """Let every function end."""
    released.set()
