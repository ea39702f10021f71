"""Who only observes sees what the workers of a file do, steers them, and takes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from ostinato import ForeignDeclarationError, Run, RunKind, Scheduler, TaskState
from ostinato.stores import open_store


def scheduler_of(folder: Path, ran: list[Run]) -> Scheduler:
    scheduler = Scheduler(f"sqlite:///{folder / 'state.db'}", enabled=True, poll=0.1)

    @scheduler.every(seconds=0.1, name="task")
    async def task(run: Run) -> None:
        ran.append(run)

    return scheduler


async def until(question: Callable[[], object]) -> None:
    while True:
        answer = question()
        if await answer if isinstance(answer, Awaitable) else answer:
            return
        await asyncio.sleep(0.01)


async def until_state(scheduler: Scheduler, state: TaskState) -> None:
    async def stands_so() -> bool:
        return (await scheduler.status("task")).state is state

    await until(stands_so)


async def test_s92_an_observer_steers_the_workers_and_runs_none_of_their_ticks(tmp_path: Path):
    """S92: requests from outside reach the workers; what is due there is not run here."""
    there: list[Run] = []
    here: list[Run] = []
    worker, observer = scheduler_of(tmp_path, there), scheduler_of(tmp_path, here)

    async with asyncio.timeout(60), worker.running():
        await until(lambda: len(there) >= 3)
        async with observer.observing():
            seen = await observer.status("task")
            await observer.pause("task", reason="the bank is closed")
            await until_state(worker, TaskState.PAUSED)
            run = await observer.trigger("task", wait=True)
            store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
            store.open("default", "looking", lambda: 0.0)
            (known,) = store.read().workers
            store.close()
            await observer.resume("task")
        await until_state(worker, TaskState.WAITING)

    assert seen.state in {TaskState.WAITING, TaskState.RUNNING}
    assert seen.starts >= 3
    assert seen.last_success is not None
    # Of its own it has run what was triggered, with a lease; the workers do not know of it.
    assert [each.kind for each in here] == [RunKind.MANUAL]
    assert run.token > 0
    assert known.tasks == 1
    assert RunKind.MANUAL not in {each.kind for each in there}


async def test_s93_a_lifespan_that_is_entered_while_observing_starts_no_tick(tmp_path: Path):
    """S93: a run that is triggered has its application, and nothing falls due beside it."""
    ran: list[Run] = []
    scheduler = scheduler_of(tmp_path, ran)
    app = FastAPI()
    scheduler.attach(app)

    async with asyncio.timeout(60), scheduler.observing():
        async with app.router.lifespan_context(app):
            await scheduler.trigger("task", wait=True)
            await asyncio.sleep(0.3)
            assert scheduler._worker is not None
            known = scheduler._worker.environment.app
        (recorded,) = await scheduler.history("task")

    assert known is app
    assert len(ran) == 1
    assert recorded.id == ran[0].id


async def test_s93_a_run_of_what_no_worker_declares_makes_no_worker(tmp_path: Path):
    """S93: a process that was killed in it would be missed for a day."""
    ran: list[Run] = []
    scheduler = scheduler_of(tmp_path, ran)

    async with asyncio.timeout(60), scheduler.observing():
        await scheduler.trigger("task", wait=True)
        workers = await scheduler.workers()

    assert len(ran) == 1
    assert workers == []


async def test_s93_a_task_that_the_workers_declare_otherwise_is_not_run(tmp_path: Path):
    """S93: it is refused with both schedules, for it would not be the run that they know of."""
    worker = scheduler_of(tmp_path, [])
    observer = Scheduler(f"sqlite:///{tmp_path / 'state.db'}", enabled=True)

    @observer.every(hours=2, name="task")
    async def task() -> None: ...

    async with asyncio.timeout(60), worker.running():
        await worker.pause("task")
        async with observer.observing():
            with pytest.raises(ForeignDeclarationError, match="'every 7200000 ms' here"):
                await observer.trigger("task")
            seen = await observer.status("task")

    assert seen.state is TaskState.PAUSED


async def test_s93_an_observer_of_no_store_sees_the_tasks_as_disabled():
    """S93: memory of a process's own has nothing to look at, and a run can be had all the same."""
    scheduler = Scheduler("memory://", enabled=True)

    @scheduler.every(seconds=0.1, name="task")
    async def task() -> None: ...

    async with scheduler.observing():
        run = await scheduler.trigger("task", wait=True)
        status = await scheduler.status("task")

    assert run.outcome == "succeeded"
    assert status.state is TaskState.DISABLED
