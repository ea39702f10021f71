"""A scheduler behind its dashboard, with tasks that do all that the page can show.

While there is a file `locked` in its folder, nobody may look.
"""

import asyncio
from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException

from ostinato import Run, Scheduler

HOSTILE = "<img src=x onerror=document.title='hacked'> a/b?c=1&d=%2e#e \"'"


def allowed() -> None:
    if Path("locked").exists():
        raise HTTPException(401, "log in")


scheduler = Scheduler("memory://", name="shop")


async def succeed() -> None:
    """Do nothing, well."""


scheduler.every(hours=1, start=3600, name="tidy")(succeed)
scheduler.every(hours=1, start=1800, name="mail.flush_outbox")(succeed)
scheduler.cron("30 * * * *", tz="UTC", name="stats.roll_up")(succeed)


@scheduler.every(seconds=1800, start=0.1, name="billing.charge_cards")
async def charge() -> None:
    raise ConnectionError("payments: the connection was refused")


@scheduler.every(seconds=1800, start=0.1, name=HOSTILE)
async def attack() -> None:
    raise ValueError("</pre><script>document.title='hacked'</script>")


@scheduler.every(hours=2, start=5400, name="catalog.import")
async def bring_in(run: Run) -> None:
    """Take for ever, and tell how far it is."""
    run.progress(0.42, message="4,200 of 10,000 rows")
    await asyncio.Event().wait()


app = FastAPI(lifespan=scheduler.lifespan)
app.include_router(
    scheduler.router(read=[Depends(allowed)], control=[Depends(allowed)]), prefix="/ostinato"
)
app.include_router(scheduler.router(read=[Depends(allowed)]), prefix="/looking")
