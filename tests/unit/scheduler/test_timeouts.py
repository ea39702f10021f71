"""Runs that take longer than they may."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato import Outcome, Overlap, Run, RunTimeoutError, Scheduler, Scope, SkipReason
from ostinato.testing import simulate
from tests.support.simulated import (
    START,
    Gate,
    at,
    ends,
    let_threads_be,
    skips,
    sleeping,
    starts,
    threads_ended,
    told,
)

SCOPES = [Scope.PROCESS, Scope.CLUSTER]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s50_a_run_longer_than_its_timeout_is_cancelled(scope: Scope) -> None:
    """S50: the outcome is `timed_out`, and the task goes on."""
    scheduler, task, failures = Scheduler(), sleeping(30), []
    scheduler.every(seconds=10, timeout=4, on_exception=failures.append, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

        assert ends(sim.runs(task)) == [(0, "timed_out"), (10, "timed_out")]
        (first, _) = sim.runs(task)
        assert first.duration is not None
        assert first.duration.total_seconds() == 4
        assert told(sim)["run_timed_out"] == 2
        (failure, _) = failures
        assert isinstance(failure, RunTimeoutError)
        assert failure.timeout == 4
        assert asyncio.current_task().cancelling() == 0


async def test_s50_a_run_within_its_timeout_succeeds() -> None:
    """S50: the time that is left does not matter."""
    scheduler, task = Scheduler(), sleeping(3)
    scheduler.every(seconds=10, timeout=4)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=25)

        assert ends(sim.runs(task)) == [(0, "succeeded"), (10, "succeeded"), (20, "succeeded")]


@given(st.lists(st.integers(-1_000, 1_000).filter(bool), min_size=1, max_size=20))
def test_s51_a_run_that_ends_in_time_is_never_timed_out(offsets: list[int]) -> None:
    """S51: within a millisecond of the deadline each outcome is the right one."""
    # A body that ends at the very deadline is judged by the order of two timers: left out.
    scheduler, coming = Scheduler(), iter(offsets)

    @scheduler.every(seconds=10, timeout=4)
    async def task() -> None:
        await asyncio.sleep(4 + next(coming) / 1_000_000)

    async def outcomes() -> list[Outcome | None]:
        async with simulate(scheduler) as sim:
            await sim.advance(seconds=10 * len(offsets) - 5)
            return [run.outcome for run in sim.runs(task)]

    expected = [Outcome.SUCCEEDED if each < 0 else Outcome.TIMED_OUT for each in offsets]
    assert asyncio.run(outcomes()) == expected


async def test_s50_a_body_that_swallows_its_cancellation_and_returns_has_timed_out() -> None:
    """S50: returning late is no success."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, timeout=4)
    async def task() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=9)

        assert ends(sim.runs(task)) == [(0, "timed_out")]
        assert told(sim)["run_stuck"] == 0


@pytest.mark.parametrize("scope", SCOPES)
async def test_s50_a_run_that_does_not_heed_its_cancellation_is_given_up(scope: Scope) -> None:
    """S50: three seconds behind the timeout it is recorded and told; its slot stays taken."""
    scheduler, hooked = Scheduler(), []

    @scheduler.every(seconds=10, timeout=4, scope=scope, on_exception=hooked.append)
    async def task() -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(21)
            raise

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=6.9)
        assert sim.runs(task) == []
        await sim.advance(seconds=0.1)
        (run,) = sim.runs(task)
        assert (run.outcome, run.duration.total_seconds()) == (Outcome.TIMED_OUT, 7)
        assert told(sim)["run_stuck"] == 1
        await sim.advance(seconds=23.5)

        assert skips(sim, task) == [(10, 20, 2, SkipReason.OVERLAP)]
        assert ends(sim.runs(task)) == [(0, "timed_out")]
        assert run.duration.total_seconds() == 7
        assert (told(sim)["run_timed_out"], len(hooked)) == (0, 1)
        (following,) = (await scheduler.status(task)).running
        assert starts([following]) == [30]


async def test_s50_a_run_that_was_given_up_and_succeeds_stays_timed_out() -> None:
    """S50: what was recorded is not changed by a late end."""
    scheduler = Scheduler()

    @scheduler.every(minutes=1, timeout=4)
    async def task() -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(21)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=50)

        assert ends(sim.runs(task)) == [(0, "timed_out")]
        assert sum((await scheduler.status(task)).counts.values()) == 1


async def test_s50_a_timeout_error_of_the_body_is_a_failure() -> None:
    """S50: only the run's own timeout makes the outcome `timed_out`."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, timeout=4)
    async def task() -> None:
        raise TimeoutError

    @scheduler.every(seconds=10)
    async def other() -> None:
        raise RunTimeoutError("another", 3)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert ends(sim.runs(task)) == ends(sim.runs(other)) == [(0, "failed")]


async def test_s50_a_run_that_is_cancelled_is_not_timed_out() -> None:
    """S50: a run that somebody cancelled, and whose clean-up takes its time, was cancelled."""
    scheduler = Scheduler()

    @scheduler.every(minutes=1, timeout=10)
    async def task() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(9)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        (run,) = (await scheduler.status(task)).running
        await scheduler.cancel(run.id)
        await sim.advance(seconds=30)

        assert ends(sim.runs(task)) == [(0, "cancelled")]


@pytest.mark.needs_fastapi
async def test_s50_dependencies_are_within_the_timeout() -> None:
    """S50: setting up what a run depends on takes of its time, and is cleaned up behind it."""
    from fastapi import Depends

    scheduler, steps = Scheduler(), []

    async def session() -> AsyncGenerator[int]:
        steps.append("opened")
        await asyncio.sleep(3)
        try:
            yield 1
        finally:
            steps.append("closed")

    @scheduler.every(minutes=1, timeout=4)
    async def task(session: Annotated[int, Depends(session)]) -> None:
        await asyncio.sleep(2)
        steps.append("ended")

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=30)

        assert ends(sim.runs(task)) == [(0, "timed_out")]
    assert steps == ["opened", "closed"]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s34_a_thread_that_goes_on_counts_as_running(scope: Scope) -> None:
    """S34, S50: the run has timed out at once; its thread keeps the slot until it ends."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(seconds=10, timeout=4, scope=scope)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=24)
        assert ends(sim.runs(gate.keep)) == [(0, "timed_out")]
        assert skips(sim, gate.keep) == [(10, 20, 2, SkipReason.OVERLAP)]
        assert (await scheduler.status(gate.keep)).zombies == 1
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=6)
        await threads_ended(sim)

        assert ends(sim.runs(gate.keep)) == [(0, "timed_out"), (30, "succeeded")]
        assert (await scheduler.status(gate.keep)).zombies == 0
        assert skips(sim, gate.keep) == [(10, 20, 2, SkipReason.OVERLAP)]


async def test_s34_queue_one_waits_for_a_thread_that_goes_on() -> None:
    """S34: the oldest tick runs when the thread has ended."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(seconds=10, timeout=4, overlap=Overlap.QUEUE_ONE)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=24)
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=1)
        await threads_ended(sim)

        assert ends(sim.runs(gate.keep)) == [(0, "timed_out"), (10, "succeeded")]
        assert skips(sim, gate.keep) == [(20, 20, 1, SkipReason.OVERLAP)]


async def test_s33_cancel_other_skips_where_the_run_is_in_a_thread() -> None:
    """S33: a thread cannot be cancelled: the tick is skipped, with a warning."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(seconds=10, overlap=Overlap.CANCEL_OTHER)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=24)
        assert skips(sim, gate.keep) == [(10, 20, 2, SkipReason.OVERLAP)]
        assert told(sim)["cancel_refused"] == 2
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=6)
        await threads_ended(sim)

        assert ends(sim.runs(gate.keep)) == [(0, "succeeded"), (30, "succeeded")]


async def test_s53_a_thread_whose_time_is_over_is_asked_to_end() -> None:
    """S53: `run.cancelled` is set at the timeout."""
    scheduler, gate, seen = Scheduler(), Gate(), []

    @scheduler.every(minutes=1, timeout=4)
    def task(run: Run) -> None:
        seen.append(run.cancelled.is_set())
        gate._loop.call_soon_threadsafe(gate._begun.set)
        seen.append(run.cancelled.wait(10))

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=4)
        await threads_ended(sim)

        assert ends(sim.runs(task)) == [(0, "timed_out")]
    assert seen == [False, True]


async def test_s50_waiting_for_a_thread_is_no_part_of_the_attempt() -> None:
    """S50: the time counts from when a thread has begun."""
    scheduler, gate = Scheduler(threads=1), Gate()
    scheduler.every(minutes=1, scope=Scope.PROCESS)(gate.keep)
    ran: list[int] = []

    @scheduler.every(minutes=1, timeout=4, scope=Scope.PROCESS)
    def task() -> None:
        ran.append(1)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=20)
        assert (ran, sim.runs(task)) == ([], [])
        gate.release()
        await threads_ended(sim)

        assert ends(sim.runs(task)) == [(0, "succeeded")]


async def test_s50_as_many_zombies_as_threads_quarantine_the_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S50: a task whose runs hold all threads claims nothing until one ends; told once."""
    scheduler, gate = Scheduler(threads=2), Gate()
    scheduler.every(seconds=10, timeout=4, overlap=Overlap.ALLOW)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        for _ in range(2):
            await sim.advance(seconds=1)
            await gate.begun()
            await sim.advance(seconds=9)
        await sim.advance(seconds=35)

        assert ends(sim.runs(gate.keep)) == [(0, "timed_out"), (10, "timed_out")]
        assert skips(sim, gate.keep) == [(20, 50, 4, SkipReason.OVERLAP)]
        assert told(sim)["task_quarantined"] == 1
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=5)
        await threads_ended(sim)
        assert ends(sim.runs(gate.keep))[2:] == [(60, "succeeded")]
    records = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert [each.ostinato_event for each in records].count("ostinato.task_quarantined") == 1


async def test_s50_a_nightly_run_may_take_its_time() -> None:
    """S50: the periods of a cron, and of a delay, are the times between their ticks."""
    scheduler = Scheduler()
    scheduler.cron("0 0 * * *", name="nightly")(sleeping(3_600))
    scheduler.delay(hours=1, name="delayed", start=0)(sleeping(3_600))
    scheduler.cron("* * * * *", name="often")(sleeping(3_600))

    async with simulate(scheduler, start=START - timedelta(seconds=5)) as sim:
        await sim.advance(minutes=30)
        stuck = {status.name: status.is_stuck for status in await scheduler.status()}

    assert stuck == {"nightly": False, "delayed": False, "often": True}


async def test_s50_an_overdue_run_is_stuck_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S50: a run older than ten periods and ten minutes is told of, once."""
    scheduler, task = Scheduler(), sleeping(3_600)
    scheduler.every(seconds=10)(task)
    slow = sleeping(3_600)
    scheduler.every(minutes=2, name="slow")(slow)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=590)
        assert not (await scheduler.status(task)).is_stuck
        assert told(sim)["run_stuck"] == 0
        await sim.advance(seconds=80)
        assert (await scheduler.status(task)).is_stuck
        assert not (await scheduler.status("slow")).is_stuck
        assert told(sim)["run_stuck"] == 1
        await sim.advance(minutes=20)

        assert (await scheduler.status("slow")).is_stuck
        assert told(sim)["run_stuck"] == 2


@pytest.mark.parametrize("scope", SCOPES)
async def test_s34_a_delay_counts_from_the_end_of_a_thread_left_behind(scope: Scope) -> None:
    """S34: the run has ended when its thread has, and not at its timeout."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.delay(seconds=10, timeout=4, scope=scope)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=24)
        gate.release()
        await threads_ended(sim)
        assert await scheduler.next_run(gate.keep) == at(35)
        await sim.advance(seconds=9)
        assert ends(sim.runs(gate.keep)) == [(0, "timed_out")]
        await sim.advance(seconds=1)
        await threads_ended(sim)

        assert ends(sim.runs(gate.keep)) == [(0, "timed_out"), (35, "succeeded")]


async def test_s34_a_delay_counts_from_the_end_of_a_run_that_was_given_up() -> None:
    """S34: it is recorded after a grace, and goes on for another 26 seconds in all."""
    scheduler = Scheduler()

    @scheduler.delay(seconds=10, timeout=4)
    async def task() -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(26)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=48)

        assert starts(sim.runs(task)) == [0, 40]


async def test_s93_the_thread_of_a_run_by_hand_moves_no_timer_of_a_delay() -> None:
    """S93: the tick that waited for it runs at its end."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.delay(seconds=10, start=10, timeout=4)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await scheduler.trigger(gate.keep)
        await gate.begun()
        await sim.advance(seconds=25)
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=0)
        await threads_ended(sim)

        assert ends(sim.runs(gate.keep)) == [(0, "timed_out"), (10, "succeeded")]
        assert starts(sim.runs(gate.keep)) == [0, 25]
