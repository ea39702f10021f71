"""The application in the README's picture of the dashboard: tasks as a shop may have them.

While there is a file `refused` in its folder, cards cannot be charged.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from pathlib import Path

from fastapi import Depends, FastAPI

from ostinato import Cron, Every, Run, Scheduler

# A short lease: what a run says of its progress goes with its heartbeats to the other worker.
scheduler = Scheduler("sqlite:///lively.db", name="shop", lease=3)

SCHEDULES = {
    "billing.send_invoices": Cron("0 6 * * mon-fri", tz="Europe/Berlin"),
    "cache.warm_up": Every(seconds=30),
    "catalog.rebuild_index": Cron("30 2 * * *", tz="America/New_York"),
    "mail.flush_outbox": Every(minutes=1),
    "media.make_thumbnails": Cron("*/20 7-19 * * *", tz="Europe/Berlin"),
    "reports.weekly_digest": Cron("0 8 * * mon", tz="Europe/London"),
    "sessions.remove_expired": Every(hours=1),
    "stats.roll_up": Every(minutes=5),
}


def work(seconds: float) -> Callable[[], Coroutine[None, None, None]]:
    """Return a function that takes about so long."""

    async def worked() -> None:
        await asyncio.sleep(seconds * random.uniform(0.4, 1.6) ** 2)

    return worked


for number, (name, schedule) in enumerate(SCHEDULES.items()):
    scheduler.add(schedule, work(0.01 + 0.008 * number), name=name)


def is_refused() -> bool:
    """Tell whether cards cannot be charged at the moment."""
    return Path("refused").exists()


@scheduler.every(minutes=15, name="billing.charge_cards")
async def charge() -> None:
    """Fail while cards are refused."""
    was_refused = is_refused()
    await work(0.05)()
    if was_refused:
        raise ConnectionError("payments.example: the connection was refused")


@scheduler.cron("10 */2 * * *", tz="UTC", name="catalog.import_prices")
async def bring_in(run: Run) -> None:
    """Take for ever, and tell how far it is."""
    for row in range(30_500, 50_000, 10):
        run.progress(row / 50_000, message=f"{row:,} of 50,000 rows")
        await asyncio.sleep(0.2)


def everybody() -> None:
    """Let everybody in: it is a picture."""


app = FastAPI(lifespan=scheduler.lifespan)
app.include_router(
    scheduler.router(read=[Depends(everybody)], control=[Depends(everybody)]), prefix="/ostinato"
)
