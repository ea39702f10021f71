"""What a store asks of the tasks that it shares."""

from datetime import time

import pytest

from ostinato import Cron, Delay, Every, Scheduler, Scope, Tasks, TooFrequentError
from ostinato.testing import simulate


async def nothing() -> None: ...


def test_s2_a_shared_task_is_not_due_more_often_than_its_store_is_asked() -> None:
    """S2: the error names the task, its period, the store and what it takes."""
    tasks = Tasks("mail.")
    tasks.every(seconds=0.049, name="send")(nothing)

    with pytest.raises(TooFrequentError, match=r"'mail.send' .* 49 ms, and memory:// takes 50 ms"):
        Scheduler().include(tasks)


def test_s2_a_task_of_each_process_is_due_as_often_as_it_likes() -> None:
    """S2: nobody is asked for its ticks; and 50 ms are enough for the others."""
    scheduler = Scheduler()

    scheduler.every(seconds=0.001, scope=Scope.PROCESS, name="local")(nothing)
    scheduler.every(seconds=0.05, name="shared")(nothing)

    assert list(scheduler.tasks) == ["local", "shared"]


@pytest.mark.parametrize(
    "schedule",
    [
        Every(seconds=0.049, align=True),
        Every(seconds=0.049).jitter(0.01),
        Every(seconds=0.049).between(time(9), time(17)),
        Every(hours=1) | Every(seconds=0.049) | Cron("@daily"),
        (Cron("@daily") | Every(seconds=0.049)).jitter(0.01),
        Delay(seconds=0.049),
    ],
    ids=lambda schedule: schedule.describe(),
)
async def test_s2_whatever_its_schedule_is_made_of(schedule: Every) -> None:
    """S2: aligned, jittered, in a window, joined with others, or a delay; rescheduled too."""
    scheduler = Scheduler()
    scheduler.every(hours=1, name="hourly")(nothing)

    with pytest.raises(TooFrequentError):
        scheduler.add(schedule, nothing, name="often")

    scheduler.add(schedule, nothing, name="local", scope=Scope.PROCESS)
    async with simulate(scheduler):
        with pytest.raises(TooFrequentError):
            await scheduler.reschedule("hourly", schedule)
        await scheduler.reschedule("local", schedule)


def test_s2_a_task_that_is_refused_is_not_there() -> None:
    """S2: its name can be taken by another."""
    scheduler = Scheduler()

    with pytest.raises(TooFrequentError):
        scheduler.every(seconds=0.049, name="often")(nothing)

    assert scheduler.tasks == {}
    scheduler.every(seconds=1, name="often")(nothing)
    assert list(scheduler.tasks) == ["often"]


def test_s2_a_store_over_the_network_is_asked_once_a_second_at_the_most():
    """S2: said where the task is declared; one of each process's own is not asked for."""
    scheduler = Scheduler("redis://me:secret@host/0")

    with pytest.raises(
        TooFrequentError, match="999 ms, and redis://host/0 takes 1000 ms"
    ) as raised:
        scheduler.every(seconds=0.999, name="often")(print)

    assert raised.value.store == "redis://host/0"
    scheduler.every(seconds=1, name="each second")(print)
    scheduler.every(seconds=0.1, name="own", scope=Scope.PROCESS)(print)
