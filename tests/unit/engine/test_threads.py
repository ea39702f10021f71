"""The daemon threads that run plain functions."""

import asyncio
import gc
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ostinato._engine._threads import Threads
from tests.support.virtual_time import turn


@contextmanager
def held(threads: Threads, count: int) -> Iterator[threading.Event]:
    """Keep *count* threads at work until the block ends."""
    go, began = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        began.release()
        go.wait(10)

    loop = asyncio.get_running_loop()
    jobs = [threads.submit("hold", hold, loop) for _ in range(count)]
    for _ in jobs:
        assert began.acquire(timeout=10)
    try:
        yield go
    finally:
        go.set()


async def returned(threads: Threads, call: Callable[[], object]) -> object:
    value, error = await threads.submit("call", call, asyncio.get_running_loop()).future
    if error is not None:
        raise error
    return value


async def test_s47_a_call_runs_in_a_daemon_thread() -> None:
    """S47: the threads are the library's own, and daemons."""
    thread = await returned(Threads(2), threading.current_thread)

    assert isinstance(thread, threading.Thread)
    assert thread.daemon
    assert thread.name == "ostinato-1"


async def test_an_idle_thread_is_used_again() -> None:
    """Calls that follow each other need one thread."""
    threads = Threads(8)

    names = {await returned(threads, lambda: threading.current_thread().name) for _ in range(20)}

    assert names == {"ostinato-1"}


async def test_s47_no_more_than_the_limit_run_at_once() -> None:
    """S47: a call beyond the limit waits for a thread."""
    threads, loop = Threads(2), asyncio.get_running_loop()

    with held(threads, 2):
        waiting = threads.submit("late", lambda: "ran", loop)
        assert waiting.waiting

    value, _ = await waiting.future
    assert value == "ran"
    assert threads.outstanding(loop) <= 2


@pytest.mark.parametrize("make", [ValueError, StopIteration, SystemExit, KeyboardInterrupt])
async def test_whatever_a_call_raises_comes_back_as_a_value(make: type[BaseException]) -> None:
    """An exception of any kind leaves the thread alive and reaches the loop."""
    threads, error = Threads(1), make()

    def fail() -> None:
        raise error

    _, raised = await threads.submit("fail", fail, asyncio.get_running_loop()).future

    assert raised is error
    assert await returned(threads, lambda: "alive") == "alive"


async def test_a_withdrawn_job_never_runs() -> None:
    """A job that no thread has taken can be taken back, and asked so twice."""
    threads, loop, ran = Threads(1), asyncio.get_running_loop(), list[int]()

    with held(threads, 1):
        job = threads.submit("late", lambda: ran.append(1), loop)
        assert job.withdraw()
        assert job.withdraw()

    await job.future
    assert not ran


async def test_a_running_job_cannot_be_withdrawn() -> None:
    """A job that a thread has taken goes on."""
    threads = Threads(1)

    def run() -> str:
        return "ran"

    job = threads.submit("run", run, asyncio.get_running_loop())
    await job.future

    assert not job.withdraw()


async def test_many_ends_wake_the_loop_few_times() -> None:
    """Jobs that end together are drained together."""
    threads, loop = Threads(8), asyncio.get_running_loop()

    jobs = [threads.submit("job", lambda: None, loop) for _ in range(1_000)]
    await asyncio.gather(*(job.future for job in jobs))

    assert threads.outstanding(loop) == 0


async def test_s47_exhaustion_is_told_once_with_the_names() -> None:
    """S47: when a job has waited for so long, the names of those that hold the threads are told."""
    told: list[list[str]] = []
    happened = asyncio.Event()

    def tell(names: list[str]) -> None:
        told.append(names)
        happened.set()

    threads, loop = Threads(2, patience=0, on_exhausted=tell), asyncio.get_running_loop()

    with held(threads, 2):
        late = [threads.submit("late", lambda: None, loop) for _ in range(5)]
        await asyncio.wait_for(happened.wait(), 10)
        late.append(threads.submit("later", lambda: None, loop))
        await turn()

    await asyncio.gather(*(job.future for job in late))
    assert told == [["hold", "hold"]]


async def test_s47_one_timer_watches_however_many_wait() -> None:
    """S47: what waits behind a job that has its thread is watched next."""
    told: list[list[str]] = []
    threads, loop = Threads(1, patience=3600, on_exhausted=told.append), asyncio.get_running_loop()

    with held(threads, 1):
        first = threads.submit("first", lambda: None, loop)
        assert threads._watched is first
    await first.future
    with held(threads, 1):
        second = threads.submit("second", lambda: None, loop)
        assert threads._watched is first
        threads._look()
        assert threads._watched is second
        threads._look()
        threads._look()

    await second.future
    assert told == [["hold"]]


async def test_s47_a_free_thread_ends_the_exhaustion() -> None:
    """S47: after a thread was free again, the next exhaustion is told again."""
    told: list[list[str]] = []
    threads, loop = Threads(1, patience=3600, on_exhausted=told.append), asyncio.get_running_loop()

    for _ in range(2):
        with held(threads, 1):
            late = threads.submit("late", lambda: None, loop)
            threads._look()
        await late.future
        await returned(threads, lambda: None)

    assert told == [["hold"], ["hold"]]


async def test_s47_a_job_that_got_its_thread_in_time_is_no_exhaustion() -> None:
    """S47: a short queue is nothing to tell."""
    told: list[list[str]] = []
    threads, loop = Threads(1, patience=3600, on_exhausted=told.append), asyncio.get_running_loop()

    with held(threads, 1):
        late = threads.submit("late", lambda: None, loop)
    await late.future
    threads._look()

    assert not told


@pytest.mark.parametrize("existing", [0, 1])
async def test_a_system_without_more_threads_fails_a_run_only_where_there_is_none(
    existing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread can be started, a job waits for one there is, or fails as a run does."""

    def refuse(_: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    threads, loop = Threads(2), asyncio.get_running_loop()
    with held(threads, existing), monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        job = threads.submit("job", lambda: "ran", loop)

    value, error = await job.future

    assert (value, type(error)) == (("ran", type(None)) if existing else (None, RuntimeError))
    assert await returned(threads, lambda: "next") == "next"


def test_a_loop_that_closed_meanwhile_is_no_error() -> None:
    """A job that ends after its loop has closed is forgotten; its thread works on."""
    threads, go, ended = Threads(1), threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    def work() -> None:
        go.wait(10)

    job = threads.submit("work", work, loop)
    loop.close()
    go.set()

    other = asyncio.new_event_loop()
    try:
        other.run_until_complete(returned(threads, ended.set))
    finally:
        other.close()
    assert ended.is_set()
    assert not job.future.done()


async def test_s74_in_another_process_nothing_of_the_first_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S74: a process that finds the pool of another one, as after a fork, begins afresh."""
    threads = Threads(2)
    first = await returned(threads, threading.current_thread)

    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        second = await returned(threads, threading.current_thread)

    assert first is not second


def test_s74_a_forked_child_starts_with_threads_of_its_own() -> None:
    """S74: threads do not survive a fork; the child makes its own."""
    threads = Threads(2)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(returned(threads, lambda: None))
    loop.close()

    child = os.fork()
    if child == 0:
        code = 1
        signal.alarm(30)
        try:
            in_child = asyncio.new_event_loop()
            code = 0 if in_child.run_until_complete(returned(threads, lambda: 5)) == 5 else 2
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_loop_that_closed_before_a_run_ended_is_forgotten() -> None:
    """What ends too late for its loop keeps neither the loop nor the run's owner alive."""
    threads = Threads(1)
    closed = asyncio.new_event_loop()
    threads.submit("late", lambda: None, closed)
    # There is one thread: that it takes the second call tells that it is through with the first.
    with asyncio.Runner() as runner:
        runner.run(returned(threads, lambda: None))
        closed.close()
        reference = weakref.ref(closed)
        del closed

    with asyncio.Runner() as runner:
        runner.run(returned(threads, lambda: None))

    gc.collect()
    assert reference() is None
