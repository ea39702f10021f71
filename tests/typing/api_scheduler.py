"""What users write with a scheduler, as type checkers read it. Never run."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, assert_type

from fastapi import Depends, FastAPI
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, scoped_session

from ostinato import (
    Cron,
    Event,
    Every,
    History,
    Missed,
    OnCrash,
    Orphan,
    Overlap,
    Retry,
    Run,
    RunIn,
    Scheduler,
    Scope,
    Task,
    Tasks,
    TaskStatus,
)
from ostinato.testing import ManualClock, Recorder, simulate


class Printer:
    def wants(self, event_name: str, /) -> bool:
        return event_name == "ostinato.run_failed"

    def notify(self, event: Event, /) -> None:
        print(event.name, event.task_name, event.run, event.error, event.facts["reason"])


scheduler = Scheduler(
    "memory://",
    name="billing",
    observers=[Printer(), Recorder()],
    clock=ManualClock(),
    threads=4,
    shutdown_grace=timedelta(seconds=5),
    cancel_grace=1.5,
    enabled=None,
)
app = FastAPI(lifespan=scheduler.lifespan)
scheduler.attach(app)
served = scheduler.asgi(app)


async def get_db() -> AsyncGenerator[str]:
    yield "session"


Db = Annotated[str, Depends(get_db)]


@scheduler.every(hours=1)
async def tidy(db: Db, run: Run) -> int:
    run.progress(0.5, message="half")
    run.log.info("due %s", run.due)
    return len(db)


@scheduler.every(
    seconds=timedelta(seconds=30),
    scope=Scope.PROCESS,
    overlap=Overlap.ALLOW,
    max_concurrency=3,
    missed=Missed.RUN_ALL,
    catch_up=timedelta(hours=1),
    jitter=2,
    timeout=10,
    retry=Retry(3, delay=0.5, retry_on=(OSError, TimeoutError)),
    on_crash=OnCrash.SKIP,
    max_runs=10,
    start=datetime(2030, 1, 1, tzinfo=UTC),
    until=datetime(2031, 1, 1, tzinfo=UTC),
    run_in=RunIn.LOOP,
    pause_after_failures=5,
    on_exception=print,
    on_complete=print,
    name="refresh",
    formerly=("reload",),
)
def refresh(limit: int = 3) -> str:
    return "x" * limit


@scheduler.cron("0 9 * * mon-fri", tz="Europe/Zurich")
def report() -> None: ...


@scheduler.delay(minutes=5)
async def poll() -> None: ...


tasks = Tasks("mail.", timeout=60)


@tasks.every(minutes=1)
async def send(run: Run) -> None: ...


scheduler.include(tasks, prefix="eu.")
added = scheduler.add(Every(hours=6) | Cron("@daily"), report, name="union")
assert_type(added, Task)
# The decorated function stays the user's own.
assert_type(refresh(limit=1), str)
same: Callable[..., object] = tidy


keeping = Scheduler(history=History(runs=10, failures=5, days=0.5))


async def main() -> None:
    async with scheduler.running() as running:
        assert_type(running, Scheduler)
        assert_type(await scheduler.trigger(tidy, wait=True), Run)
        await scheduler.pause("refresh", reason="maintenance", until=datetime.now(UTC))
        await scheduler.resume(refresh, catch_up=True)
        await scheduler.reschedule(refresh, Every(minutes=1))
        assert_type(await scheduler.status(), list[TaskStatus])
        assert_type(await scheduler.status(tidy), TaskStatus)
        assert_type(await scheduler.next_run(tidy), datetime | None)
        assert_type(await scheduler.history(tidy, limit=3), list[Run])
        assert_type(await scheduler.cancel("id"), bool)
        assert_type(await scheduler.orphans(), list[Orphan])
        await scheduler.forget("gone")
    async with simulate(scheduler, start=datetime(2030, 1, 1, tzinfo=UTC), app=app) as sim:
        await sim.advance(days=2)
        assert_type(sim.runs(tidy), list[Run])


def guarded(run: Run, session: Session | Connection, scoped: scoped_session[Session]) -> None:
    run.guard(session)
    run.guard(scoped)


async def guarded_async(
    run: Run, async_session: AsyncSession, async_connection: AsyncConnection
) -> None:
    await run.guard(async_session)
    await run.guard(async_connection)
    # Nobody would ask: the statement is never sent.
    run.guard(async_session)  # type: ignore[unused-coroutine] # pyright: ignore[reportUnusedCoroutine]
    run.guard("session")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType] # ty: ignore[no-matching-overload]


# What a type checker refuses before it is run.
scheduler.every(seconds=1, overlap="skip")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # ty: ignore[invalid-argument-type]
scheduler.every(seconds=1, no_such_policy=1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
