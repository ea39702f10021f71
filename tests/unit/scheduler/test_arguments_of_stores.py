"""What a store asks of the tasks that it shares."""

import pytest

from ostinato import Scheduler, Scope, Tasks, TooFrequentError


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
