"""How a scheduler starts, and what it says of it."""

import logging
import os
from datetime import time

import pytest

from ostinato import (
    ArgumentTypeError,
    Cron,
    DuplicateTaskError,
    InvalidArgumentError,
    LateDeclarationError,
    Once,
    Scheduler,
    Scope,
    TaskState,
    UnresolvedTasksError,
)
from ostinato._engine._worker import _SLICE
from ostinato._start_up import start_up_table
from ostinato.observers.logging import LoggingObserver
from ostinato.testing import ManualClock, simulate
from tests.support.simulated import START, at, dues, told

NOW = START.timestamp()


async def nothing() -> None: ...


def lines(scheduler: Scheduler, now: float = NOW) -> list[str]:
    """Return the rows of the table, with single spaces."""
    table = start_up_table(list(scheduler.tasks.values()), now)
    return ["  ".join(line.split()) for line in table.splitlines()[2:]]


def test_s12_the_table_shows_when_each_task_is_due() -> None:
    """S12: name, schedule, the next two runs, and over whom each tick is run once."""
    scheduler = Scheduler()
    scheduler.every(hours=1, name="hourly")(nothing)
    scheduler.every(seconds=10, start=at(86_395), name="tomorrow", scope=Scope.PROCESS)(nothing)
    scheduler.every(seconds=10, until=at(5), name="short")(nothing)
    scheduler.cron("0 9 * * *", name="daily")(nothing)
    scheduler.delay(seconds=10, name="delay")(nothing)
    scheduler.delay(seconds=10, start=60, jitter=2, name="later")(nothing)
    scheduler.add(Once(at(-1)), nothing, name="past")
    scheduler.every(hours=1, name="none", max_runs=0)(nothing)
    scheduler.every(hours=1, name="one", max_runs=1)(nothing)

    hourly, tomorrow, short, daily, delay, later, past, none, one = lines(scheduler)

    assert hourly.split()[-4:] == ["2030-01-01", "00:00:00,", "01:00:00", "store"]
    assert tomorrow.split()[-5:] == ["2030-01-01", "23:59:55,", "2030-01-02", "00:00:05", "process"]
    assert short.split()[-3:] == ["2030-01-01", "00:00:00", "store"]
    assert daily.split()[-5:] == ["2030-01-01", "09:00:00,", "2030-01-02", "09:00:00", "store"]
    assert delay.endswith("2030-01-01  00:00:00  store")
    assert "up  to  2  seconds  later" in later
    assert later.endswith("2030-01-01  00:01:00,  each  a  little  later  store")
    assert past.endswith("never  store")
    assert none.endswith("never  store")
    assert one.endswith("every  hour  2030-01-01  00:00:00  store")


def test_s12_a_long_table_is_cut() -> None:
    """S12: a hundred lines are enough for a log."""
    scheduler = Scheduler()
    for number in range(103):
        scheduler.every(hours=1, name=str(number))(nothing)

    assert len(lines(scheduler)) == 101
    assert lines(scheduler)[-1].split() == ["...", "and", "3", "more"]


@pytest.mark.parametrize("scope", Scope)
async def test_s12_tasks_that_are_never_due_are_warned_about(scope: Scope) -> None:
    """S12: what lies in the past, and a window that is always missed; not what is on purpose."""
    scheduler = Scheduler()
    always_missed = Cron("0 8 * * *").between(time(9), time(17))
    scheduler.add(Once(at(-1)), nothing, name="once", scope=scope)
    scheduler.every(hours=1, until=at(-1), name="until", scope=scope)(nothing)
    scheduler.every(hours=1, align=True, until=at(60), name="short", scope=scope)(nothing)
    scheduler.add(always_missed, nothing, name="window", scope=scope)
    scheduler.every(hours=1, max_runs=0, name="on purpose", scope=scope)(nothing)
    scheduler.every(hours=1, name="due", scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(hours=2)

    names = [each.task_name for each in sim.events if each.name == "ostinato.task_never_due"]
    assert names == ["once", "until", "short", "window"]
    assert LoggingObserver().wants("ostinato.task_never_due")


async def test_s12_a_scheduler_without_tasks_warns(caplog: pytest.LogCaptureFixture) -> None:
    """S12: somebody has forgotten to import the modules that declare them."""
    async with simulate(Scheduler(name="empty")):
        pass

    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.ostinato_event == "ostinato.no_tasks"
    assert "'empty' has started without tasks" in record.getMessage()


@pytest.mark.parametrize("enabled", [True, False])
async def test_s12_the_table_is_logged(enabled: bool, caplog: pytest.LogCaptureFixture) -> None:
    """S12: at INFO, with the names; and whether anything falls due."""
    caplog.set_level(logging.INFO, "ostinato")
    scheduler = Scheduler(enabled=enabled, clock=ManualClock())
    scheduler.every(hours=1, name="hourly")(nothing)

    async with scheduler.running():
        (record,) = caplog.records

    assert (record.ostinato_event, record.task_names) == ("ostinato.tasks_listed", ["hourly"])
    assert ("disabled: nothing falls due" in record.getMessage()) is not enabled


async def test_a_disabled_scheduler_runs_what_is_triggered() -> None:
    """Nothing falls due, and everything else works."""
    clock, ran = ManualClock(), []
    scheduler = Scheduler(enabled=False, clock=clock)

    @scheduler.every(seconds=10)
    async def task() -> None:
        ran.append(1)

    async with scheduler.running():
        await clock.advance(minutes=1)
        assert ran == []
        await scheduler.trigger(task, wait=True)
        status = await scheduler.status(task)

    assert (ran, status.state, status.next_run) == ([1], TaskState.DISABLED, None)


async def test_under_pytest_schedulers_are_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless they, or the environment, say otherwise."""
    from ostinato import _enabled

    before, wish = _enabled.switch(on=False), True
    try:
        assert not _enabled.is_enabled(None)
        assert _enabled.is_enabled(wish)
        for value, expected in [
            *(("1", True), ("Yes", True), ("on", True), ("enabled", True)),
            *(("0", False), (" No ", False), ("n", False), ("disabled", False), ("", False)),
        ]:
            monkeypatch.setenv("OSTINATO_ENABLED", value)
            assert _enabled.is_enabled(None) is expected
        monkeypatch.setenv("OSTINATO_ENABLED", "nope")
        with pytest.raises(InvalidArgumentError, match="OSTINATO_ENABLED='nope' says neither"):
            Scheduler()
        assert Scheduler(enabled=True).tasks == {}
    finally:
        _enabled.switch(on=before)


async def test_s4_all_functions_that_cannot_be_supplied_are_told_of_at_once() -> None:
    """S4: a name that is nowhere to be found fails the start, with every task it is in."""
    scheduler = Scheduler()

    async def one(value: "Nowhere") -> None: ...  # noqa: F821 - that is the point

    async def two(value: "Elsewhere") -> None: ...  # noqa: F821 - as above

    scheduler.every(hours=1)(one)
    scheduler.every(hours=1)(two)

    with pytest.raises(UnresolvedTasksError) as caught:
        async with scheduler.running():
            pass

    assert ["Nowhere" in caught.value.problems[0], "Elsewhere" in caught.value.problems[1]] == [
        True,
        True,
    ]


async def test_a_scheduler_that_is_entered_again_is_the_same() -> None:
    """It ends when the last of those who entered it has left."""
    clock, ran = ManualClock(), []
    scheduler = Scheduler(enabled=True, clock=clock)

    @scheduler.every(seconds=10)
    async def task() -> None:
        ran.append(1)

    async with scheduler.running() as outer:
        async with scheduler.running() as inner:
            assert outer is inner is scheduler
        await clock.advance(seconds=15)

    assert ran == [1, 1]
    await clock.advance(minutes=1)
    assert ran == [1, 1]


async def test_a_running_scheduler_takes_no_tasks() -> None:
    """They are declared where their module is imported."""
    scheduler = Scheduler()
    scheduler.every(hours=1)(nothing)

    async with simulate(scheduler):
        with pytest.raises(LateDeclarationError):
            scheduler.every(hours=1, name="late")(nothing)


def test_s9_two_tasks_of_one_name_are_refused() -> None:
    """S9: pass a name to tell them apart."""
    scheduler = Scheduler()
    scheduler.every(hours=1, name="one")(nothing)

    with pytest.raises(DuplicateTaskError):
        scheduler.every(hours=1, name="one")(nothing)


async def test_more_tasks_than_a_slice_are_registered_in_turns() -> None:
    """Thousands of tasks do not hold up the loop; who asks for one that is still to come has it."""
    scheduler = Scheduler()
    for number in range(3 * _SLICE - 1):
        scheduler.every(hours=1, name=str(number), scope=Scope.PROCESS)(nothing)

    async with simulate(scheduler) as sim:
        worker = sim._worker
        assert len(worker.standings) == _SLICE
        assert (await scheduler.status(str(_SLICE))).state is TaskState.WAITING
        assert len(worker.standings) == 2 * _SLICE
        await sim.advance(seconds=10)

        assert len(worker.standings) == 3 * _SLICE - 1
        assert len(sim.runs(str(3 * _SLICE - 2))) == 1


async def test_s73_a_scheduler_that_ends_before_all_are_registered_registers_no_more() -> None:
    """S73: nothing comes behind the end."""
    scheduler = Scheduler()
    for number in range(4 * _SLICE):
        scheduler.every(hours=1, name=str(number))(nothing)

    async with simulate(scheduler) as sim:
        await sim._worker.stop(0)
        await sim.advance(hours=1)

        assert len(sim._worker.standings) == _SLICE


async def test_s74_a_forked_process_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """S74: the tasks are the parent's; it is logged once."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        # As it is in a child: the process is another one than that which has started it.
        sim._worker.loop.process = os.getpid() + 1
        await sim.advance(minutes=1)
        assert dues(sim.runs(nothing)) == [0]
        assert told(sim)["scheduler_forked"] == 1
        sim._worker.loop.process = os.getpid()
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.ostinato_event == "ostinato.scheduler_forked"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": ""}, InvalidArgumentError),
        ({"name": "x" * 41}, InvalidArgumentError),
        ({"name": "a\nb"}, InvalidArgumentError),
        ({"name": 3}, ArgumentTypeError),
        ({"threads": 0}, InvalidArgumentError),
        ({"threads": 10_001}, InvalidArgumentError),
        ({"threads": True}, ArgumentTypeError),
        ({"threads": 1.5}, ArgumentTypeError),
        ({"shutdown_grace": -1}, InvalidArgumentError),
        ({"cancel_grace": "3"}, ArgumentTypeError),
        ({"enabled": 1}, ArgumentTypeError),
        ({"observers": "log"}, ArgumentTypeError),
        ({"observers": 3}, ArgumentTypeError),
        ({"observers": [object()]}, ArgumentTypeError),
    ],
)
def test_what_a_scheduler_is_made_with_is_checked(arguments: dict, error: type[Exception]) -> None:
    """A wrong program fails while it declares."""
    with pytest.raises(error):
        Scheduler(**arguments)


@pytest.mark.parametrize("store", ["mongodb://", "", "memory"])
def test_a_store_that_there_is_not_is_refused(store: str) -> None:
    """By its URL."""
    with pytest.raises(InvalidArgumentError):
        Scheduler(store)


def test_a_store_is_a_url() -> None:
    """And nothing else, as yet."""
    with pytest.raises(ArgumentTypeError):
        Scheduler(3)
    assert Scheduler("memory://").tasks == {}


async def test_s23_a_start_counts_from_the_start_of_the_scheduler() -> None:
    """S23: and not from the turn of the loop in which the task was enlisted, however many are."""

    class Clock(ManualClock):
        def monotonic(self) -> float:
            # It takes time to enlist tasks: each look at the clock is a millisecond later.
            self._elapsed += 1_000
            return super().monotonic()

    scheduler = Scheduler(clock=Clock(), enabled=True)
    for number in range(3 * _SLICE):
        scheduler.every(hours=1, start=60, name=str(number))(nothing)

    async with scheduler.running():
        first = await scheduler.next_run("0")
        last = await scheduler.next_run(str(3 * _SLICE - 1))

    assert first == last
