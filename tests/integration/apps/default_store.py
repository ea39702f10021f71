"""An application whose scheduler has the store that nobody named."""

from journal import write
from starlette.applications import Starlette

from ostinato import Run, Scheduler

scheduler = Scheduler(shutdown_grace=1, cancel_grace=1)


@scheduler.every(seconds=0.1, name="often")
async def often(run: Run) -> None:
    """Tell which tick it was."""
    write(f"often {run.id}")


@scheduler.every(hours=1, name="hourly")
def hourly(run: Run) -> None:
    """Be due once, for as long as a test takes."""
    write(f"hourly {run.id}")


app = Starlette(lifespan=scheduler.lifespan)
