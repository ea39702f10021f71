"""What those who look are told, over each store that needs no server."""

from pathlib import Path

import pytest

from ostinato import Outcome, Run, RunKind, Scheduler, Scope


@pytest.fixture(params=["memory", "sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a store's address."""
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/state.db"


async def test_a_page_of_the_history_continues_behind_another(address: str) -> None:
    """Each record is on one page, filtered or not, of one task or of all."""
    scheduler = Scheduler(address, enabled=True)

    @scheduler.every(hours=1, start=3_600, name="odd / <one>")
    async def odd(run: Run) -> None:
        if numbers.pop():
            raise ValueError

    scheduler.every(hours=1, start=3_600, name="other", scope=Scope.PROCESS)(lambda: None)
    numbers = [0, 1, 0, 1, 0]
    async with scheduler.running():
        for _ in range(5):
            await scheduler.trigger(odd, wait=True)
        await scheduler.trigger("other", wait=True)

        every = await scheduler.history()
        assert [run.task_name for run in every] == ["other"] + ["odd / <one>"] * 5
        pages = [await scheduler.history(limit=4)]
        pages.append(await scheduler.history(limit=4, before=pages[0][-1].cursor))
        assert [run.id for page in pages for run in page] == [run.id for run in every]
        failed = await scheduler.history(odd, outcomes={Outcome.FAILED}, limit=1)
        behind = await scheduler.history(odd, outcomes={Outcome.FAILED}, before=failed[0].cursor)
        assert [run.outcome for run in (*failed, *behind)] == [Outcome.FAILED] * 2
        assert await scheduler.history(odd, since=every[0].due, until=every[0].due) == []
        (worker,) = await scheduler.workers()
        assert {run.worker for run in every} == {worker.id}
        assert (worker.is_alive, worker.tasks) == (True, 1)
        again = await scheduler.run(every[3].id)
        assert again is not None
        assert (again.id, again.cursor, again.kind) == (
            every[3].id,
            every[3].cursor,
            RunKind.MANUAL,
        )
        status = await scheduler.status(odd, recent=2)
        assert [run.id for run in status.recent] == [run.id for run in every[1:3]]
        assert await scheduler.run("default/other/nothing") is None
