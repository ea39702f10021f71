"""What a task raises, and what becomes of its schedule."""

import asyncio
import logging
import signal
from datetime import timedelta

import pytest

from ostinato import Outcome, Overlap, Scheduler, Scope, TaskState
from ostinato.testing import ManualClock, Recorder, simulate
from tests.support.simulated import dues, ends, recorded, skips, told

KINDS = ["async", "thread"]
FAILURES = [
    ValueError("no"),
    MemoryError(),
    RecursionError(),
    SystemExit(3),
    GeneratorExit(),
    StopIteration(),
    StopAsyncIteration(),
    BaseException("odd"),
    ExceptionGroup("several", [ValueError(), KeyError()]),
    BaseExceptionGroup("worse", [SystemExit(), ValueError()]),
]


def declare(scheduler: Scheduler, kind: str, error: BaseException, **policy: object) -> object:
    """Declare a task that raises *error* every ten seconds."""
    if kind == "thread":

        @scheduler.every(seconds=10, **policy)
        def task() -> None:
            raise error

        return task

    @scheduler.every(seconds=10, **policy)
    async def async_task() -> None:
        raise error

    return async_task


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", FAILURES, ids=lambda each: type(each).__name__)
async def test_s57_a_failure_keeps_the_schedule_and_is_logged_once(
    kind: str, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """S57, S58, S61, S62, S64: whatever is raised, an ERROR with traceback, and on it goes."""
    scheduler = Scheduler()
    task = declare(scheduler, kind, error)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

        assert ends(sim.runs(task)) == [(0, "failed"), (10, "failed")]
        assert await recorded(scheduler, task) == {"failed": 2}
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    (record,) = errors
    assert record.exc_info is not None
    assert record.ostinato_event == "ostinato.run_failed"


@pytest.mark.parametrize("scope", [Scope.CLUSTER, Scope.PROCESS])
@pytest.mark.parametrize("seconds", [0, 1])
async def test_s58_a_streak_of_failures_does_not_fill_the_log(
    scope: Scope, seconds: int, caplog: pytest.LogCaptureFixture
) -> None:
    """S58: the first with its traceback, the tenth in a line, one of another type, the recovery."""
    errors: list[Exception | None] = [ValueError(), *[ValueError()] * 11]
    errors += [KeyError(), KeyError(), None, None, ValueError(), None]
    coming, scheduler = iter(errors), Scheduler()

    @scheduler.every(seconds=10, name="task", scope=scope)
    async def task() -> None:
        if seconds:
            await asyncio.sleep(seconds)
        error = next(coming, None)
        if error is not None:
            raise error

    async with simulate(scheduler) as sim:
        with caplog.at_level(logging.INFO, "ostinato"):
            await sim.advance(minutes=5)

        assert told(sim)["run_failed"] == 15
    written = [
        (record.levelname, record.message, record.exc_info is not None, record.failures_in_row)
        for record in caplog.records
        if hasattr(record, "failures_in_row")
    ]
    assert written == [
        ("ERROR", "task failed", True, 1),
        ("ERROR", "task has failed 10 times in a row", False, 10),
        ("ERROR", "task failed", True, 13),
        ("INFO", "task succeeds again; failures in a row before that: 14", False, 14),
        ("ERROR", "task failed", True, 1),
        ("INFO", "task succeeds again; failures in a row before that: 1", False, 1),
    ]


async def test_s58_a_run_by_hand_belongs_to_no_streak(caplog: pytest.LogCaptureFixture) -> None:
    """S58: whoever has started it wants to know how it failed."""
    scheduler = Scheduler()
    declare(scheduler, "async", ValueError(), name="task", start=3_600)

    async with simulate(scheduler):
        for _ in range(2):
            await scheduler.trigger("task", wait=True)

    failed = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert [(each.exc_info is not None, each.failures_in_row) for each in failed] == [
        (True, None),
        (True, None),
    ]


async def test_s64_a_thousand_memory_errors_stop_nothing() -> None:
    """S64: the scheduler survives them."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10)
    async def task() -> None:
        raise MemoryError

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=9_995)

        assert await recorded(scheduler, task) == {"failed": 1_000}


async def test_s57_a_failing_task_leaves_the_others_alone() -> None:
    """S57: another task that is due together with one that fails runs all the same."""
    scheduler, ran = Scheduler(), []
    declare(scheduler, "async", SystemExit())

    @scheduler.every(seconds=10)
    async def other() -> None:
        ran.append(1)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=25)

        assert ran == [1, 1, 1]


@pytest.mark.parametrize("kind", KINDS)
async def test_s60_a_cancelled_error_of_its_own_is_the_outcome_cancelled(kind: str) -> None:
    """S60: a body that raises `CancelledError`, and nobody cancelled it, goes on."""
    scheduler = Scheduler()
    task = declare(scheduler, kind, asyncio.CancelledError())

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

        assert ends(sim.runs(task)) == [(0, "cancelled"), (10, "cancelled")]
        assert told(sim)["run_cancelled"] == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grouped", [False, True])
async def test_s62_a_keyboard_interrupt_asks_the_process_to_stop(kind: str, grouped: bool) -> None:
    """S62: the outcome is recorded, and then the process gets what Ctrl-C would have sent."""
    scheduler, signals = Scheduler(), []
    error: BaseException = KeyboardInterrupt()
    if grouped:
        error = BaseExceptionGroup("both", [error, ValueError("also")])
    task = declare(scheduler, kind, error)
    before = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))

    try:
        async with simulate(scheduler) as sim:
            await sim.advance(seconds=5)

            assert ends(sim.runs(task)) == [(0, "failed")]
            assert told(sim)["run_failed"] == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert signals == [signal.SIGINT]


async def test_s63_a_group_is_split() -> None:
    """S63: the cancellation in a group goes its own way, the rest is one failure."""
    scheduler, failures = Scheduler(), []
    group = BaseExceptionGroup("both", [asyncio.CancelledError(), ValueError("rest")])
    task = declare(scheduler, "async", group, on_exception=failures.append)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert ends(sim.runs(task)) == [(0, "failed")]
    (failure,) = failures
    assert isinstance(failure, ExceptionGroup)
    assert [str(each) for each in failure.exceptions] == ["rest"]


async def test_s63_a_group_of_cancellations_is_one() -> None:
    """S63: where nothing else is in the group, the run was cancelled."""
    scheduler = Scheduler()
    group = BaseExceptionGroup("only", [asyncio.CancelledError()])
    task = declare(scheduler, "async", group)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert ends(sim.runs(task)) == [(0, "cancelled")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scope", list(Scope))
async def test_s65_failures_in_a_row_pause_the_task(kind: str, scope: Scope) -> None:
    """S65: after three failed ticks the task is paused, and says why."""
    scheduler = Scheduler()
    task = declare(scheduler, kind, ValueError(), pause_after_failures=3, scope=scope)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)
        status = await scheduler.status(task)

        assert dues(sim.runs(task)) == [0, 10, 20]
        assert (status.state, status.reason) == (TaskState.PAUSED, "3 failures in a row")
        assert (status.failures_in_row, status.next_run) == (3, None)
        assert told(sim)["task_paused"] == 1


async def test_s65_a_success_in_between_starts_the_count_anew() -> None:
    """S65: only failures in a row count."""
    scheduler, numbers = Scheduler(), iter(range(100))

    @scheduler.every(seconds=10, pause_after_failures=2)
    async def task() -> None:
        if next(numbers) % 2:
            raise ValueError

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=95)

        assert len(sim.runs(task)) == 10
        assert (await scheduler.status(task)).state is TaskState.WAITING


async def test_s65_a_resumed_task_has_all_its_failures_before_it() -> None:
    """S65: resuming sets the count back."""
    scheduler = Scheduler()
    task = declare(scheduler, "async", ValueError(), pause_after_failures=2)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=55)
        await scheduler.resume(task)
        await sim.advance(seconds=40)

        assert dues(sim.runs(task)) == [0, 10, 60, 70]
        assert [each[:3] for each in skips(sim, task)] == [(20, 50, 4)]


async def test_s65_the_runs_that_are_allowed_beside_the_last_failure_end_as_they_do() -> None:
    """S65: a tick that was on the agenda when the task was paused does not run."""
    scheduler = Scheduler()
    policy = {"pause_after_failures": 1, "overlap": Overlap.ALLOW}
    task = declare(scheduler, "async", ValueError(), **policy)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert dues(sim.runs(task)) == [0]


async def test_s58_an_error_whose_text_cannot_be_had_is_recorded_as_well() -> None:
    """S58: `str` of an exception is the user's code: it may raise, or be long."""

    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    scheduler = Scheduler()
    silent = declare(scheduler, "async", UnspeakableError())
    long = declare(scheduler, "thread", ValueError("x" * 10_000))

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        (run,) = sim.runs(silent)
        assert run.error is not None
        assert run.error.startswith("UnspeakableError: ")
        (run,) = sim.runs(long)
        assert run.error is not None
        assert len(run.error) == 2_000


@pytest.mark.parametrize("scope", [Scope.PROCESS, Scope.CLUSTER])
async def test_s65_runs_by_hand_do_not_count(scope: Scope) -> None:
    """S65: neither those that fail, nor those that succeed between two failed ticks."""
    scheduler, fails = Scheduler(), [True]

    @scheduler.every(seconds=10, start=10, pause_after_failures=2, scope=scope)
    async def task() -> None:
        if fails[0]:
            raise ValueError

    async with simulate(scheduler) as sim:
        for _ in range(3):
            await scheduler.trigger(task, wait=True)
        await sim.advance(seconds=15)
        status = await scheduler.status(task)
        assert (status.state, status.failures_in_row) == (TaskState.WAITING, 1)
        fails[0] = False
        await scheduler.trigger(task, wait=True)
        fails[0] = True
        await sim.advance(seconds=5)
        status = await scheduler.status(task)

        assert (status.state, status.failures_in_row) == (TaskState.PAUSED, 2)
        if scope is Scope.CLUSTER:
            assert sim._worker.store.read().rows[status.name].failures_in_row == 2


async def test_s66_a_raising_observer_and_a_raising_logger_stop_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """S66: what fails in telling of a failure is contained, and not lost."""

    class Broken:
        def wants(self, event_name: str, /) -> bool:
            if event_name == "ostinato.run_succeeded":
                raise LookupError("wants")
            return True

        def notify(self, event: object, /) -> None:
            raise LookupError("notify")

    class BrokenHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise LookupError("emit")

    scheduler, ran, handler = Scheduler(observers=[Broken()]), [], BrokenHandler()
    declare(scheduler, "async", ValueError())

    @scheduler.every(seconds=10)
    async def other() -> None:
        ran.append(1)

    logging.getLogger("ostinato").addHandler(handler)
    try:
        async with simulate(scheduler) as sim:
            await sim.advance(seconds=25)
            assert told(sim)["run_failed"] == 3
    finally:
        logging.getLogger("ostinato").removeHandler(handler)
    assert ran == [1, 1, 1]
    assert "LookupError: notify" in capsys.readouterr().err


async def test_s66_a_schedule_that_raises_stops_its_task_alone() -> None:
    """S66: the other tasks that are due with it run; it is stopped, and says why."""

    class Broken:
        text = "broken"

        def __init__(self) -> None:
            self.asked = 0

        def next_after(self, instant, /):
            self.asked += 1
            if self.asked > 3:
                raise LookupError("no more")
            return instant + timedelta(seconds=10)

        def anchored(self, at, /):
            return self

        def describe(self) -> str:
            return "broken"

    scheduler, ran = Scheduler(), []

    @scheduler.every(seconds=10)
    async def first() -> None:
        ran.append("first")

    @scheduler.every(seconds=10, scope=Scope.PROCESS)
    async def second() -> None:
        ran.append("second")

    async def broken() -> None:
        ran.append("broken")

    scheduler.add(Broken(), broken)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=45)
        status = await scheduler.status(broken)

        assert (ran.count("first"), ran.count("second")) == (5, 5)
        assert status.state is TaskState.STOPPED
        assert status.reason == "its schedule raised LookupError: no more"
        assert told(sim)["task_stopped"] == 1
        assert sim.runs(broken)[-1].outcome is Outcome.SUCCEEDED


async def test_s66_a_schedule_that_raises_under_a_run_stops_its_task_behind_it() -> None:
    """S66: the run is recorded, and its slot is free."""

    class Broken:
        text = "broken"
        asked = 0

        def next_after(self, instant, /):
            self.asked += 1
            if self.asked > 2:
                raise LookupError("no more")
            return instant + timedelta(seconds=10)

        def anchored(self, at, /):
            return self

        def describe(self) -> str:
            return "broken"

    scheduler = Scheduler()

    async def task() -> None:
        await asyncio.sleep(25)

    scheduler.add(Broken(), task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=60)
        status = await scheduler.status(task)

        assert ends(sim.runs(task)) == [(10, "succeeded")]
        assert (status.state, status.running) == (TaskState.STOPPED, ())


async def test_s66_a_local_task_remembers_its_successes() -> None:
    """S66: without the store, and with an observer that wants them."""
    recorder = Recorder()
    scheduler = Scheduler(observers=[recorder], enabled=True, clock=(clock := ManualClock()))

    @scheduler.every(seconds=10, scope=Scope.PROCESS)
    async def task() -> None: ...

    async with scheduler.running():
        await clock.advance(seconds=25)
        assert await recorded(scheduler, task) == {"succeeded": 3}

    assert recorder.names.count("ostinato.run_succeeded") == 3
