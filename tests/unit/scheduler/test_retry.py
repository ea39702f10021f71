"""Further attempts at a tick whose run fails."""

import asyncio
from random import Random

import pytest

from ostinato import Overlap, Retry, Run, RunTimeoutError, Scheduler
from ostinato.testing import simulate
from tests.support.simulated import Gate, dues, ends, let_threads_be, skips, threads_ended, told

KINDS = ["async", "thread"]


class Failing:
    """Fails so many times, and notes what each attempt was told."""

    def __init__(self, times: int, error: BaseException | None = None) -> None:
        self.left = times
        self.error = ValueError("no") if error is None else error
        self.attempts: list[tuple[int, str]] = []

    def fail(self, run: Run) -> None:
        self.attempts.append((run.attempt, run.id))
        if self.left:
            self.left -= 1
            raise self.error

    async def fail_async(self, run: Run) -> None:
        self.fail(run)

    def kind(self, kind: str) -> object:
        return self.fail if kind == "thread" else self.fail_async


@pytest.mark.parametrize("kind", KINDS)
async def test_s52_a_tick_is_attempted_until_it_succeeds(kind: str) -> None:
    """S52: the same tick, attempts 1 to 3, one outcome."""
    scheduler, failing = Scheduler(), Failing(2)
    task = scheduler.every(minutes=10, retry=Retry(3, delay=1))(failing.kind(kind))

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        (run,) = sim.runs(task)
        assert ends([run]) == [(0, "succeeded")]
        assert failing.attempts == [(1, run.id), (2, run.id), (3, run.id)]
        assert (run.attempt, run.error) == (3, None)
        assert (told(sim)["attempt_failed"], told(sim)["run_failed"]) == (2, 0)


async def test_s52_a_number_is_short_for_that_many_attempts() -> None:
    """S52: the last attempt's failure is the run's, logged and counted once."""
    scheduler, failing, failures = Scheduler(), Failing(9), []
    task = scheduler.every(minutes=10, retry=3, on_exception=failures.append)(failing.fail_async)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert ends(sim.runs(task)) == [(0, "failed")]
        assert [number for number, _ in failing.attempts] == [1, 2, 3]
        assert (told(sim)["attempt_failed"], told(sim)["run_failed"]) == (2, 1)
        assert failures == [failing.error]
        assert (await scheduler.status(task)).failures_in_row == 1


async def test_s52_the_waits_grow_and_are_drawn_between_none_and_all() -> None:
    """S52: exponential backoff with full jitter, up to the longest wait."""
    scheduler, failing = Scheduler(), Failing(5)
    retry = Retry(6, delay=2, factor=3, longest=20)
    scheduler.every(hours=1, retry=retry)(failing.fail_async)

    async with simulate(scheduler) as sim:
        sim._worker.environment.random = Random(7)
        await sim.advance(minutes=10)

        drawn = Random(7)
        waits = [event.facts["wait"] for event in sim.events if "wait" in event.facts]
        assert waits == [drawn.uniform(0, longest) for longest in (2, 6, 18, 20, 20)]
        assert len(failing.attempts) == 6


@pytest.mark.parametrize(
    "error", [KeyError(), SystemExit(), asyncio.CancelledError(), KeyError("x")]
)
async def test_s52_only_what_is_worth_it_is_attempted_again(error: BaseException) -> None:
    """S52: other exceptions than `retry_on` end the run at once."""
    scheduler, failing = Scheduler(), Failing(9, error)
    scheduler.every(minutes=10, retry=Retry(3, retry_on=(ValueError, OSError)))(failing.fail_async)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert len(failing.attempts) == 1


async def test_s52_no_attempt_begins_at_or_after_the_next_tick() -> None:
    """S52: the next tick runs at its time; what is left of the attempts is given up."""
    scheduler, failing = Scheduler(), Failing(99)
    scheduler.every(seconds=10, retry=Retry(50, delay=3, factor=1))(failing.fail_async)

    async with simulate(scheduler) as sim:
        sim._worker.environment.random = Random(1)
        await sim.advance(seconds=35)

        assert dues(sim.runs(failing.fail_async)) == [0, 10, 20]
        assert all(
            run.finished is not None and run.finished < run.due.replace(second=run.due.second + 10)
            for run in sim.runs(failing.fail_async)
        )
        assert sim.skipped(failing.fail_async) == []


async def test_s52_where_overlap_is_allowed_attempts_go_on() -> None:
    """S52: beside the next tick, all attempts are made."""
    scheduler, failing = Scheduler(), Failing(99)
    policy = {"overlap": Overlap.ALLOW, "retry": Retry(30, delay=5, factor=1), "max_runs": 2}
    scheduler.every(seconds=10, **policy)(failing.fail_async)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=10)

        assert len(failing.attempts) == 60


async def test_s52_a_fixed_delay_has_no_next_tick_to_collide_with() -> None:
    """S52: all attempts of a delay's run are made, however long they take."""
    scheduler, failing = Scheduler(), Failing(19)
    task = scheduler.delay(seconds=1, retry=Retry(20, delay=5, factor=1))(failing.fail_async)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=120)

        assert sim.runs(task)[0].attempt == 20
        assert ends(sim.runs(task))[0] == (0, "succeeded")


async def test_s52_each_attempt_has_the_whole_timeout() -> None:
    """S52, S50: a timeout is a failure like others, and the next attempt counts anew."""
    scheduler, lengths, failures = Scheduler(), iter([9, 9, 3]), []

    @scheduler.every(minutes=10, timeout=4, retry=Retry(3, delay=0), on_exception=failures.append)
    async def task() -> None:
        await asyncio.sleep(next(lengths))

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        (run,) = sim.runs(task)
        assert (ends([run]), run.attempt) == ([(0, "succeeded")], 3)
        assert run.duration.total_seconds() == 11
        assert failures == []
        errors = [event.error for event in sim.events if event.name == "ostinato.attempt_failed"]
        assert [type(error) for error in errors] == [RunTimeoutError, RunTimeoutError]


async def test_s52_a_thread_that_goes_on_is_not_attempted_beside() -> None:
    """S52: while a timed-out thread is at work there is no further attempt."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(minutes=10, timeout=4, retry=Retry(3, delay=0))(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=10)
        gate.release()
        await threads_ended(sim)

        (run,) = sim.runs(gate.keep)
        assert (ends([run]), run.attempt) == ([(0, "timed_out")], 1)


async def test_s52_a_run_that_was_given_up_is_not_attempted_again() -> None:
    """S52: the record is written; a late failure brings no attempt."""
    scheduler, begun = Scheduler(), []

    @scheduler.every(minutes=10, timeout=4, retry=Retry(3, delay=0))
    async def task() -> None:
        begun.append(1)
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(30)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=5)

        assert begun == [1]
        assert ends(sim.runs(task)) == [(0, "timed_out")]


async def test_s58_a_run_that_is_cancelled_in_its_wait_has_failed() -> None:
    """S58: nobody makes up for the attempt that failed; it is logged, and its hook is called."""
    scheduler, failing, failures = Scheduler(), Failing(9), []
    policy = {"retry": Retry(3, delay=60), "on_exception": failures.append}
    task = scheduler.every(minutes=10, **policy)(failing.fail_async)

    async with simulate(scheduler) as sim:
        sim._worker.environment.random = Random(1)
        await sim.advance(seconds=1)
        (run,) = (await scheduler.status(task)).running
        await scheduler.cancel(run.id)
        await sim.advance(minutes=5)

        assert ends(sim.runs(task)) == [(0, "failed")]
        assert len(failing.attempts) == 1
        assert failures == [failing.error]
        assert told(sim)["run_failed"] == 1
        assert (await scheduler.status(task)).failures_in_row == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_s68_once_the_scheduler_stops_no_attempt_begins(kind: str) -> None:
    """S68: a run in its wait ends at once, with the failure of its last attempt (S58)."""
    scheduler, failing, failures = Scheduler(), Failing(9), []
    policy = {"retry": Retry(3, delay=2, factor=1), "on_exception": failures.append}
    task = scheduler.every(minutes=10, **policy)(failing.kind(kind))

    async with simulate(scheduler) as sim:
        sim._worker.environment.random = Random(1)
        await sim.advance(seconds=0.1)
        begun = sim.clock.monotonic()

    assert sim.clock.monotonic() == begun
    assert ends(sim.runs(task)) == [(0, "failed")]
    assert (len(failing.attempts), failures) == (1, [failing.error])
    assert told(sim)["run_failed"] == 1


async def test_s68_an_attempt_that_fails_while_the_scheduler_stops_is_the_last() -> None:
    """S68: also where another would still be in time."""
    scheduler, attempts = Scheduler(), []

    @scheduler.every(minutes=10, retry=Retry(3, delay=0))
    async def task(run: Run) -> None:
        attempts.append(run.attempt)
        await asyncio.sleep(2)
        raise ValueError

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)

    assert ends(sim.runs(task)) == [(0, "failed")]
    assert attempts == [1]


async def test_s52_a_run_that_fails_when_asked_to_end_is_not_attempted_again() -> None:
    """S52: an error on the way out of a cancelled run is the last one."""
    scheduler = Scheduler()

    @scheduler.every(minutes=10, retry=Retry(3, delay=0))
    async def task() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            raise ValueError

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        (run,) = (await scheduler.status(task)).running
        await scheduler.cancel(run.id)
        await sim.advance(minutes=1)

        assert (ends([run]), run.attempt) == ([(0, "failed")], 1)
        assert skips(sim, task) == []
