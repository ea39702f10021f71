"""What `ostinato demo` shows: an application with a dozen lively tasks, and its dashboard."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager
from random import Random
from threading import Event
from typing import TYPE_CHECKING, NoReturn

from fastapi import Depends, FastAPI
from starlette.responses import RedirectResponse

from ostinato import Missed, Overlap, Retry, Run, Scheduler, Scope
from ostinato.cli._waiting import moment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["app", "scheduler"]

_STEPS = 40
_PATH = "/ostinato"

# Its failures are on the page: here they would only pass by.
logging.getLogger("ostinato").setLevel(logging.CRITICAL)
scheduler = Scheduler(name="demo", poll=0.5, shutdown_grace=1)
_drawn = Random()  # noqa: S311 - it is a play
_parent = os.environ.get("OSTINATO_DEMO_PARENT")


async def _work(shortest: float, longest: float) -> None:
    """Take a while."""
    await moment(_drawn.uniform(shortest, longest))


def _fail(error: Exception) -> NoReturn:
    """Fail as a program would that does something."""
    raise error


@scheduler.every(seconds=1, name="heartbeat")
async def heartbeat() -> None:
    """Be due every second."""


@scheduler.every(seconds=2, name="rates.fetch")
async def fetch_rates() -> None:
    """Take some tenths of a second."""
    await _work(0.1, 0.5)


@scheduler.every(seconds=5, name="tokens.remove_expired")
def remove_expired_tokens() -> None:
    """Block, in a thread."""
    Event().wait(_drawn.uniform(0.05, 0.8))


@scheduler.every(seconds=4, name="mails.send", retry=Retry(3, delay=0.3))
async def send_mails(run: Run) -> None:
    """Fail now and then, and succeed at the next attempt."""
    await _work(0.05, 0.3)
    if run.attempt == 1 and _drawn.random() < 0.3:  # noqa: PLR2004 - it is a play
        _fail(ConnectionResetError("the mail server has hung up"))


@scheduler.every(seconds=7, name="webhooks.deliver")
async def deliver_webhooks() -> None:
    """Fail one time in three."""
    await _work(0.1, 1)
    if _drawn.random() < 1 / 3:
        _fail(TimeoutError("https://partner.example/hooks did not answer within 1 s"))


@scheduler.every(seconds=9, name="partner.sync")
async def synchronise_with_partner() -> None:
    """Fail, every time."""
    await _work(0.2, 0.6)
    _fail(PermissionError("401: the key of partner.example has expired"))


@scheduler.every(seconds=15, timeout=2, name="search.reindex")
async def reindex() -> None:
    """Take longer than its timeout, now and then."""
    await _work(0.5, 3)


@scheduler.every(seconds=20, name="images.resize", overlap=Overlap.QUEUE_ONE)
async def resize_images(run: Run) -> None:
    """Tell how far it is."""
    await _stepwise(run, 12, "image")


@scheduler.every(seconds=45, name="catalogue.import")
async def import_catalogue(run: Run) -> None:
    """Be slow."""
    await _stepwise(run, 30, "page")


async def _stepwise(run: Run, seconds: float, thing: str) -> None:
    for step in range(1, _STEPS + 1):
        await _work(seconds / _STEPS, seconds / _STEPS)
        run.progress(step / _STEPS, message=f"{thing} {step * 25} of {_STEPS * 25}")


@scheduler.every(seconds=10, name="cache.warm", scope=Scope.PROCESS)
async def warm_cache() -> None:
    """Run in each worker."""
    await _work(0.01, 0.1)


@scheduler.cron("* * * * *", name="statistics.each_minute")
async def count_minute() -> None:
    """Be due at each full minute."""
    await _work(0.2, 1)


@scheduler.cron("0 3 * * *", tz="Europe/Zurich", name="reports.nightly", missed=Missed.RUN_LATEST)
async def report_nightly() -> None:
    """Be due at night."""
    await _work(1, 3)


@scheduler.cron("30 9 * * mon-fri", tz="America/New_York", name="reports.weekdays")
async def report_on_weekdays() -> None:
    """Be due on weekdays, elsewhere."""
    await _work(1, 3)


@scheduler.every(minutes=1, name="bank.settle")
async def settle() -> None:
    """Be paused."""
    await _work(0.5, 1)


def _end_with(parent: int) -> None:
    """End this worker where the demo was killed that has started it."""
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
    asyncio.get_running_loop().call_later(1, _end_with, parent)


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    async with scheduler.running(app=app):
        if _parent is None:
            await scheduler.pause("bank.settle", reason="the bank is closed")
        else:
            _end_with(int(_parent))
        yield


def _everybody() -> None:
    """Let everybody on this machine steer: the demo listens to nobody else."""


app = FastAPI(title="ostinato demo", lifespan=_lifespan)
app.include_router(scheduler.router(insecure=True, control=[Depends(_everybody)]), prefix=_PATH)


@app.get("/", include_in_schema=False)
def _root() -> RedirectResponse:
    return RedirectResponse(f"{_PATH}/")
