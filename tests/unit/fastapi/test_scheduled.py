"""What a scheduler's own threads do for dependencies."""

from typing import Annotated

from fastapi import Depends

from ostinato import Outcome, Scheduler
from ostinato.testing import simulate


def broken() -> str:
    """Fail in a thread."""
    message = "no database"
    raise ConnectionError(message)


async def test_s57_a_plain_dependency_that_fails_makes_the_run_failed() -> None:
    """S57: what it raised in its thread is the run's failure, and the next tick runs."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10)
    async def tidy(database: Annotated[str, Depends(broken)]) -> None: ...

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=10)
        runs = sim.runs(tidy)

    assert [(run.outcome, run.error) for run in runs] == [
        (Outcome.FAILED, "ConnectionError: no database")
    ] * 2
