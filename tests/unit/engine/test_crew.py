"""Threads that share a queue of jobs, and who of them is to be woken."""

import asyncio
from contextvars import copy_context

from ostinato._engine._crew import Crew
from ostinato._engine._jobs import Completions, Job, Returned
from ostinato._engine._threads import Threads


def jobs(number: int) -> list[Job]:
    """Return so many jobs that do nothing."""
    loop, completions = asyncio.get_running_loop(), Completions(lambda _name, _error: None)
    return [Job("nothing", int, loop, completions) for _ in range(number)]


async def test_many_jobs_at_once_start_as_many_threads_as_there_may_be() -> None:
    """The others wait; threads that have nothing to do are woken before any is started."""
    crew, (first, *others) = Crew(), jobs(10)

    assert crew.add([first], 4) == (0, 1, 0)
    assert (crew.begin(), crew.next_job()) == (first, None)

    # One is idle, three more may be started, and five jobs wait.
    assert crew.add(others, 4) == (1, 3, 5)
    assert [crew.begin() for _ in range(4)] == others[:4]
    assert [crew.next_job() for _ in range(5)] == others[4:]


async def test_a_thread_that_comes_anyway_is_not_woken_again() -> None:
    """It was woken for a job that another one has taken."""
    crew, (first, second, third) = Crew(), jobs(3)
    crew.add([first, second], 2)
    assert (crew.begin(), crew.next_job()) == (first, second)

    assert crew.add([third], 2) == (0, 0, 0)
    assert crew.begin() is third


async def test_jobs_that_are_put_off_wake_nobody_until_all_are_queued() -> None:
    """They are not forgotten meanwhile: their threads are not vacant."""
    threads, loop, ended = Threads(2), asyncio.get_running_loop(), asyncio.Queue[Returned]()
    for number in range(3):
        threads.put_off("f", lambda it=number: it, loop, copy_context(), ended.put_nowait)

    assert (threads.vacant, threads.outstanding(loop)) == (-1, 3)
    assert threads._crew.count == 0

    threads.queue_all()

    threads.queue_all()
    assert {(await ended.get()).value for _ in range(3)} == {0, 1, 2}
    assert (threads.vacant, threads.outstanding(loop)) == (2, 0)


async def test_what_is_put_off_comes_before_what_is_submitted_after_it() -> None:
    """With one thread, in that order."""
    threads, loop, ran = Threads(1), asyncio.get_running_loop(), list[str]()
    threads.put_off("a", lambda: ran.append("a"), loop, copy_context(), lambda _end: None)

    job = threads.submit("b", lambda: ran.append("b"), loop)
    await job.future

    assert ran == ["a", "b"]
