"""A module's own tasks, for a scheduler to include."""

import logging

import pytest

from ostinato import (
    ArgumentTypeError,
    DuplicateTaskError,
    Every,
    InvalidArgumentError,
    LateDeclarationError,
    Missed,
    Scheduler,
    Scope,
    Tasks,
)
from ostinato._registry import take_not_included
from ostinato.testing import simulate
from tests.support.simulated import dues


async def nothing() -> None: ...


async def test_a_scheduler_runs_the_tasks_it_includes() -> None:
    """Whichever way they are declared, the function itself comes back."""
    tasks = Tasks("mail.")
    assert tasks.every(seconds=10, name="every")(nothing) is nothing
    assert tasks.delay(seconds=10, name="delay")(nothing) is nothing
    assert tasks.cron("* * * * *", name="cron")(nothing) is nothing
    assert tasks.add(Every(seconds=10), nothing, name="add").name == "mail.add"
    scheduler = Scheduler()

    scheduler.include(tasks, prefix="shop.")

    assert list(scheduler.tasks) == [
        f"shop.mail.{each}" for each in ("every", "delay", "cron", "add")
    ]
    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        assert dues(sim.runs("shop.mail.every")) == [0, 10]


def test_a_collection_has_policies_for_all_its_tasks() -> None:
    """Each task may have its own instead."""
    tasks = Tasks(missed=Missed.SKIP, timeout=30)
    tasks.every(seconds=10, name="one")(nothing)
    tasks.every(seconds=10, name="two", timeout=5, scope=Scope.PROCESS)(nothing)
    scheduler = Scheduler()
    scheduler.include(tasks)

    one, two = scheduler.tasks.values()

    assert (one.policy.missed, one.policy.timeout) == (Missed.SKIP, 30)
    assert (two.policy.missed, two.policy.timeout) == (Missed.SKIP, 5)
    assert (one.is_shared, two.is_shared) == (True, False)


def test_what_cannot_be_included_is_refused() -> None:
    """No two tasks of one name, no name that is too long, and nothing but tasks."""
    tasks, scheduler = Tasks(), Scheduler()
    tasks.every(seconds=10, name="one")(nothing)
    scheduler.include(tasks)

    with pytest.raises(DuplicateTaskError):
        scheduler.include(tasks)
    with pytest.raises(InvalidArgumentError):
        scheduler.include(tasks, prefix="x" * 150)
    with pytest.raises(ArgumentTypeError):
        scheduler.include([nothing])
    with pytest.raises(DuplicateTaskError):
        tasks.every(seconds=10, name="one")(nothing)
    with pytest.raises(InvalidArgumentError):
        Tasks(timeout=-1)


def test_s9_of_tasks_that_cannot_be_included_none_is() -> None:
    """S9: a name that is taken, of the scheduler or of the collection, leaves it as it was."""
    tasks, scheduler = Tasks(), Scheduler()
    for name in ("one", "two"):
        tasks.every(seconds=10, name=name)(nothing)
    scheduler.every(seconds=10, name="two")(nothing)

    with pytest.raises(DuplicateTaskError) as caught:
        scheduler.include(tasks)

    assert caught.value.task_name == "two"
    assert list(scheduler.tasks) == ["two"]
    scheduler.include(tasks, prefix="other.")
    assert list(scheduler.tasks) == ["two", "other.one", "other.two"]


async def test_s12_tasks_that_no_scheduler_includes_are_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S12: when a scheduler starts; what another one has included, and what is empty, is not."""
    take_not_included()
    forgotten, included, empty = Tasks("forgotten."), Tasks(), Tasks()
    for tasks in (forgotten, included):
        tasks.every(hours=1, start=60, name="one")(nothing)
    first, second = Scheduler(enabled=True), Scheduler(enabled=True, name="second")
    second.include(included)
    first.every(hours=1, start=60)(nothing)

    async with first.running(), second.running():
        pass

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.ostinato_event == "ostinato.tasks_not_included"
    assert (record.scheduler_name, record.task_names) == ("default", ["forgotten.one"])
    assert len(empty.registry) == 0


async def test_a_running_scheduler_includes_nothing() -> None:
    """Not even a collection that has no tasks yet: those to come would never run."""
    scheduler = Scheduler()

    async with simulate(scheduler):
        with pytest.raises(LateDeclarationError):
            scheduler.include(Tasks())


@pytest.mark.parametrize(
    "declare",
    [
        lambda scheduler: scheduler.add(3, nothing),
        lambda scheduler: scheduler.every(seconds=1, formerly=["old"])(nothing),
        lambda scheduler: scheduler.every(seconds=1, formerly="old")(nothing),
    ],
)
def test_what_a_task_is_declared_with_is_checked(declare) -> None:
    """S2: it fails where it is declared."""
    with pytest.raises(ArgumentTypeError):
        declare(Scheduler())


def test_a_schedule_that_cannot_be_jittered_says_so() -> None:
    """S10: one of the user's own has to be a Composable for that."""

    class Own:
        text = "own"

        def next_after(self, instant, /):
            return None

        def anchored(self, at, /):
            return self

        def describe(self) -> str:
            return "own"

    with pytest.raises(ValueError, match="no Composable"):
        Scheduler().add(Own(), nothing, jitter=1)


def test_s10_a_jitter_of_a_whole_period_is_refused() -> None:
    """S10: the start would reach the next tick."""
    with pytest.raises(ValueError, match="is not below the period"):
        Scheduler().every(seconds=10, jitter=10)(nothing)
