"""A store that fails now and then, and rows that cannot be had."""

import pytest

from ostinato import Missed, Outcome, Overlap, Scheduler, Scope, TaskState
from ostinato._lease import Lease
from ostinato.errors import ForeignDeclarationError
from ostinato.testing import simulate
from tests.support.frail import Frame
from tests.support.simulated import at, dues, ends, milliseconds, sleeping, starts, told


async def nothing() -> None: ...


@pytest.mark.parametrize("error", [ConnectionError("gone"), TypeError("a defect")])
async def test_s66_a_store_that_fails_to_grant_is_asked_again(error: Exception) -> None:
    """S66: every task of the batch goes on, and it is told once that it fails, and that it ends."""
    frame = Frame()
    for name in "ab":
        frame.scheduler.every(seconds=10, name=name)(nothing)
    frame.scheduler.every(seconds=10, name="own", scope=Scope.PROCESS)(nothing)

    async with frame.running():
        await frame.clock.advance(seconds=5)
        frame.store.failing["claim"] = error
        await frame.clock.advance(seconds=20)
        assert (await frame.scheduler.status("own")).counts == {"succeeded": 3}
        assert frame.told() == ["store_failed"]
        frame.store.failing.clear()
        await frame.clock.advance(seconds=10)

        for name in "ab":
            assert dues(frame.runs(name)) == [0, 20, 30]
            assert 25 <= starts(frame.runs(name))[1] <= 30
        assert frame.told() == ["store_failed", "store_recovered"]
        assert [event.error for event in frame.recorder.events if event.error] == [error]


async def test_s66_a_store_that_fails_is_not_asked_all_the_time() -> None:
    """S66: the waits grow from 0.2 to 5 seconds, and are one for all tasks."""
    frame = Frame()
    for number in range(30):
        frame.scheduler.every(seconds=1, name=str(number))(nothing)

    async with frame.running():
        await frame.clock.advance(seconds=5)
        frame.store.failing["claim"] = ConnectionError()
        frame.store.asked.clear()
        await frame.clock.advance(minutes=2)

        assert 24 <= frame.store.asked.count("claim") <= 60


async def test_s24_s25_s87_behind_an_outage_of_an_hour_each_task_goes_on_by_its_policy() -> None:
    """S24, S25, S87: it was told of once, and what is a process's own went on meanwhile."""
    frame = Frame()
    policies = {
        "latest": {},
        "skip": {"missed": Missed.SKIP},
        "all": {"missed": Missed.RUN_ALL},
        "recent": {"missed": Missed.RUN_ALL, "catch_up": 125},
    }
    for name, policy in policies.items():
        frame.scheduler.every(minutes=1, name=name, **policy)(nothing)
    frame.scheduler.every(minutes=1, name="own", scope=Scope.PROCESS)(nothing)

    async with frame.running():
        await frame.clock.advance(seconds=30)
        frame.store.failing = dict.fromkeys(("claim", "control", "settle"), ConnectionError())
        await frame.clock.advance(minutes=60)
        assert (await frame.scheduler.status("own")).counts == {"succeeded": 61}
        assert frame.told() == ["store_failed"]
        frame.store.failing.clear()
        await frame.clock.advance(seconds=20)
        assert frame.told() == ["store_failed", "store_recovered"]

    ran = {name: [due / 60 for due in dues(frame.runs(name))] for name in policies}
    assert ran == {
        "latest": [0, 60],
        "skip": [0],
        "all": list(range(61)),
        "recent": [0, 59, 60],
    }
    assert frame.store.memory.summary() == {
        "latest": {"succeeded": 2, "skipped(coalesced)": 59},
        "skip": {"succeeded": 1, "skipped(too_late)": 60},
        "all": {"succeeded": 61},
        "recent": {"succeeded": 3, "skipped(too_late)": 58},
    }


@pytest.mark.parametrize("is_slow", [False, True])
async def test_s66_how_a_run_ended_is_kept_until_the_store_takes_it(is_slow: bool) -> None:
    """S66: no end is lost, each is recorded once, in their order, and the task goes on."""
    frame, task = Frame(), sleeping(1) if is_slow else nothing
    for name in "ab":
        frame.scheduler.every(seconds=10, name=name)(task)

    async with frame.running():
        frame.store.failing["settle"] = ConnectionError()
        await frame.clock.advance(seconds=35)
        assert frame.runs("a") == frame.runs("b") == []
        frame.store.failing.clear()
        await frame.clock.advance(seconds=15)

        for name in "ab":
            first, *others = ends(frame.runs(name))
            assert first == (0, "succeeded")
            assert [due for due, _ in others] in ([30, 40, 50], [30, 40])
        assert frame.told() == ["store_failed", "store_recovered"]


async def test_s66_what_waits_for_the_store_is_tried_once_more_at_the_end() -> None:
    """S66: a store that answers by then has it."""
    frame = Frame()
    frame.scheduler.every(seconds=10, name="quick")(nothing)
    frame.scheduler.every(seconds=10, name="slow")(sleeping(8))

    async with frame.running():
        frame.store.failing["settle"] = ConnectionError()
        await frame.clock.advance(seconds=5)
        frame.store.failing.clear()

    assert ends(frame.runs("quick")) == [(0, "succeeded")]
    assert ends(frame.runs("slow")) == [(0, "cancelled")]


async def test_s66_a_pause_ends_when_the_store_answers() -> None:
    """S66: and a pause, or its end, by hand that the store does not take is none."""
    frame = Frame()
    frame.scheduler.every(seconds=10, name="task")(nothing)

    async with frame.running():
        await frame.clock.advance(seconds=5)
        await frame.scheduler.pause("task", until=at(15))
        for method in ("claim", "control"):
            frame.store.failing = {method: ConnectionError()}
            await frame.clock.advance(seconds=20)
            assert (await frame.scheduler.status("task")).state is TaskState.PAUSED
            with pytest.raises(ConnectionError):
                await frame.scheduler.resume("task")
            assert (await frame.scheduler.status("task")).state is TaskState.PAUSED
        frame.store.failing.clear()
        await frame.clock.advance(seconds=10)
        assert (await frame.scheduler.status("task")).state is TaskState.WAITING
        frame.store.failing["control"] = ConnectionError()
        with pytest.raises(ConnectionError):
            await frame.scheduler.pause("task")

        assert (await frame.scheduler.status("task")).state is TaskState.WAITING


async def test_s66_a_clock_is_set_while_the_store_fails() -> None:
    """S66, S21: what it is not told of, its row says otherwise, and the task follows the row."""
    frame = Frame()
    frame.scheduler.every(seconds=10, name="task")(nothing)

    async with frame.running():
        await frame.clock.advance(seconds=5)
        frame.store.failing["control"] = ConnectionError()
        frame.clock.set_wall(3_600)
        await frame.clock.advance(seconds=10)
        frame.store.failing.clear()
        await frame.clock.advance(seconds=30)

        assert "store_failed" in frame.told()
        assert frame.store.memory.ledger("task").counts["succeeded"] >= 4


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE_ONE])
async def test_s76_a_task_that_cannot_be_had_is_looked_at_again(overlap: Overlap) -> None:
    """S76: its row is as it was, and may be free one day: within a poll the task goes on."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task", overlap=overlap)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        row = sim._worker.store.read(["task"]).rows["task"]
        row.spec = "another"
        await sim.advance(seconds=20)
        assert dues(sim.runs("task")) == [0]
        row.spec = "every 10000 ms"
        await sim.advance(seconds=6)

        assert dues(sim.runs("task")) in ([0, 20], [0, 20, 30], [0, 30])


async def test_s78_a_task_that_is_leased_to_another_is_looked_at_when_the_lease_ends() -> None:
    """S78: not before, and not a poll later."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        row = sim._worker.store.read(["task"]).rows["task"]
        row.held = Lease("task", milliseconds(at(0)), row.token, milliseconds(at(12)), "another")
        await sim.advance(seconds=10)

        # That run was abandoned, for all the store knows.
        runs = [run for run in sim.runs("task") if run.outcome is not Outcome.ABANDONED]
        assert dues(runs) == [0, 10]
        assert 11.99 <= starts(runs)[1] <= 12.01


async def test_s66_a_tick_that_waits_for_the_end_of_the_run_before_it_begins_behind_it() -> None:
    """S66: as soon as the store has taken the end, its lease is free."""
    frame = Frame()
    frame.scheduler.every(seconds=10, name="task")(nothing)

    async with frame.running():
        frame.store.failing["settle"] = ConnectionError()
        await frame.clock.advance(seconds=10)
        frame.store.failing.clear()
        while "store_recovered" not in frame.told():
            assert len(frame.runs("task")) == 0
            await frame.clock.advance(seconds=0.05)

        assert dues(frame.runs("task")) == [0, 10]


async def test_s76_ticks_of_a_pause_that_another_has_skipped_are_not_skipped_again() -> None:
    """S76: what the row says counts."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause("task")
        await sim.advance(seconds=20)
        sim._worker.store.control("task", {"next_due": milliseconds(at(50))})
        await scheduler.resume("task")
        await sim.advance(seconds=25)

        assert dues(sim.runs("task")) == [0, 50]
        assert sim.skipped("task") == []
        assert told(sim)["ticks_skipped"] == 0


async def test_s93_a_trigger_of_what_is_declared_otherwise_says_so() -> None:
    """S93, S19: it does not run, and nobody is told that it did already."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        sim._worker.store.read(["task"]).rows["task"].spec = "another"

        with pytest.raises(ForeignDeclarationError, match="another"):
            await scheduler.trigger("task")
