"""`on_exception` and `on_complete`."""

import asyncio
from contextvars import ContextVar

import pytest

from ostinato import Outcome, Overlap, Scheduler, TaskState
from ostinato._function import name_of
from ostinato.errors import InvalidFunctionError
from ostinato.testing import simulate
from tests.support.simulated import dues, ends, sleeping, starts, told

number: ContextVar[int] = ContextVar("number", default=0)
KINDS = ["async", "thread"]


async def failing() -> None:
    number.set(number.get() + 1)
    raise ValueError


def failing_in_thread() -> None:
    number.set(number.get() + 1)
    raise ValueError


BODIES = {"async": failing, "thread": failing_in_thread}


def hook_of(kind: str, hook):
    """Return *hook* as a plain or as an asynchronous function."""
    if kind == "thread":
        return hook

    async def hook_async(*operands: object) -> None:
        hook(*operands)

    return hook_async


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hook_kind", KINDS)
async def test_s58_on_exception_is_called_for_each_failure(kind: str, hook_kind: str) -> None:
    """S58, S49: with the exception, and with the variables that the run has set."""
    scheduler, seen = Scheduler(), []
    hook = hook_of(hook_kind, lambda error: seen.append((type(error), number.get())))
    scheduler.every(seconds=10, on_exception=hook)(BODIES[kind])

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

        assert seen == [(ValueError, 1), (ValueError, 1)]
        assert told(sim)["run_failed"] == 2
        assert told(sim)["hook_failed"] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hook_kind", KINDS)
async def test_s57_a_hook_that_raises_the_same_exception_stops_the_task(
    kind: str, hook_kind: str
) -> None:
    """S57: on purpose; logged once, visible in the status, and others go on."""
    scheduler = Scheduler()

    def again(error: Exception) -> None:
        raise error

    scheduler.every(seconds=10, on_exception=hook_of(hook_kind, again))(BODIES[kind])
    other = sleeping(0)
    scheduler.every(seconds=10)(other)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=35)
        status = await scheduler.status(BODIES[kind])

        assert ends(sim.runs(BODIES[kind])) == [(0, "failed")]
        assert status.state is TaskState.STOPPED
        assert status.reason is not None
        assert "raised the exception it was given" in status.reason
        assert status.next_run is None
        assert (told(sim)["task_stopped"], told(sim)["hook_failed"]) == (1, 0)
        assert dues(sim.runs(other)) == [0, 10, 20, 30]


async def test_s57_a_stopped_task_that_allowed_overlap_has_no_tick_left() -> None:
    """S57: the tick that was on the agenda is not run, and `on_complete` is not called."""
    scheduler, completed = Scheduler(), []

    def again(error: Exception) -> None:
        raise error

    policy = {"overlap": Overlap.ALLOW, "on_complete": lambda: completed.append(1)}
    scheduler.every(seconds=10, on_exception=again, **policy)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=35)

        assert ends(sim.runs(failing)) == [(0, "failed")]
        assert completed == []


@pytest.mark.parametrize("error", [KeyError("bug"), SystemExit()])
@pytest.mark.parametrize("hook_kind", KINDS)
async def test_s59_another_exception_of_a_hook_changes_nothing(
    error: BaseException, hook_kind: str
) -> None:
    """S59: a bug in a hook is told with the hook's name; outcome and schedule stay."""
    scheduler = Scheduler()

    def broken(*_: object) -> None:
        raise error

    hook = hook_of(hook_kind, broken)
    scheduler.every(seconds=10, on_exception=hook, on_complete=hook, max_runs=2)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=35)

        assert ends(sim.runs(failing)) == [(0, "failed"), (10, "failed")]
        events = [each for each in sim.events if each.name == "ostinato.hook_failed"]
        assert [each.error for each in events] == [error] * 3
        assert {each.facts["hook_name"] for each in events} == {name_of(hook)}
        assert (await scheduler.status(failing)).state is TaskState.FINISHED


async def test_s59_on_exception_comes_before_on_complete() -> None:
    """S59: and `on_complete` follows the last run at once, without another wait."""
    scheduler, order = Scheduler(), []
    clock: list[object] = []

    async def complete() -> None:
        order.append("complete")
        clock.append(sim.now)

    policy = {"on_exception": lambda _: order.append("exception"), "on_complete": complete}
    scheduler.every(seconds=10, max_runs=2, **policy)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=35)

        (_, last) = sim.runs(failing)
        assert order == ["exception", "exception", "complete"]
        assert clock == [last.finished]


async def test_s59_a_hook_that_takes_longer_than_thirty_seconds_is_cancelled() -> None:
    """S59: it is told as a failure of the hook; the schedule goes on."""
    scheduler, steps = Scheduler(), []

    async def slow(_: Exception) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            steps.append("cancelled")

    scheduler.every(seconds=60, on_exception=slow)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=100)

        assert steps == ["cancelled", "cancelled"]
        assert starts(sim.runs(failing)) == [0, 60]
        (first, _) = [each.error for each in sim.events if each.name == "ostinato.hook_failed"]
        assert isinstance(first, TimeoutError)


async def test_s59_a_hook_that_heeds_no_cancellation_is_left_behind() -> None:
    """S59: the next run does not wait for it; what it raises in the end is told."""
    scheduler = Scheduler()

    async def stubborn(_: Exception) -> None:
        try:
            await asyncio.sleep(31)
        except asyncio.CancelledError:
            await asyncio.sleep(10)
            raise LookupError from None

    scheduler.every(seconds=60, on_exception=stubborn)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=50)

        assert told(sim)["hook_abandoned"] == 1
        assert told(sim)["hook_failed"] == 1
        assert told(sim)["abandoned_run_failed"] == 1


@pytest.mark.parametrize("outcome", [asyncio.CancelledError(), SystemExit(), GeneratorExit()])
async def test_s59_on_exception_is_about_exceptions(outcome: BaseException) -> None:
    """S59: what is no `Exception` is told and recorded, and no hook is called."""
    scheduler, seen = Scheduler(), []

    @scheduler.every(seconds=10, on_exception=seen.append)
    async def task() -> None:
        raise outcome

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert len(sim.runs(task)) == 1
        assert seen == []


async def test_s35_a_run_that_is_cancelled_in_its_hook_has_failed_and_frees_its_slot() -> None:
    """S35: the hook is cancelled with it, and the outcome stays what it was."""
    scheduler, steps = Scheduler(), []

    async def slow(_: Exception) -> None:
        try:
            await asyncio.sleep(20)
        finally:
            steps.append("cancelled")

    scheduler.every(seconds=10, on_exception=slow)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        (run,) = (await scheduler.status(failing)).running
        await scheduler.cancel(run.id)
        await sim.advance(seconds=1)

        assert (run.outcome, steps) == (Outcome.FAILED, ["cancelled"])
        assert (await scheduler.status(failing)).state is TaskState.WAITING


@pytest.mark.parametrize(
    ("option", "hook"),
    [
        ("on_exception", lambda: None),
        ("on_exception", lambda _one, _two: None),
        ("on_complete", lambda _one: None),
        ("on_exception", 3),
        ("on_complete", int),
    ],
)
def test_s8_a_hook_is_checked_where_it_is_declared(option: str, hook: object) -> None:
    """S8: what it cannot be called with is an error there, not a dead loop."""
    scheduler = Scheduler()

    with pytest.raises(InvalidFunctionError, match=option):
        scheduler.every(seconds=10, **{option: hook})
