"""A scheduler inside the life span of FastAPI: when it starts and ends, and what it keeps."""

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.testclient import TestClient

from ostinato import Outcome, Run, Scheduler, Scope, TaskState
from ostinato.errors import (
    ArgumentTypeError,
    ForeignLoopError,
    NotRunningError,
    UnresolvedTasksError,
)
from ostinato.testing import ManualClock, Recorder
from tests.integration.life import Order, living
from tests.integration.serving import eventually

live = pytest.mark.ostinato(live=True)


def own_lifespan(order: Order, name: str = "app", **state: Any) -> Callable[..., Any]:
    """Return a lifespan that notes its start-up and its shut-down, and yields *state*."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncGenerator[dict[str, Any] | None]:
        order.note(f"{name} up")
        await asyncio.sleep(0)
        yield state or None
        await asyncio.sleep(0)
        order.note(f"{name} down")

    return lifespan


def counting(scheduler: Scheduler) -> list[int]:
    """Declare a task that runs at every turn of the loop or so, and return what it writes to."""
    runs: list[int] = []

    @scheduler.every(seconds=0.001, name="count", scope=Scope.PROCESS)
    async def count() -> None:
        runs.append(len(runs))

    return runs


def around(words: list[str]) -> tuple[list[str], list[str]]:
    """Return what happened before the scheduler's start, and what behind its end."""
    return words[: words.index("started")], words[words.index("stopped") + 1 :]


async def test_s67_attached_it_runs_inside_the_applications_own_lifespan() -> None:
    """S67: It starts after the application's start-up and ends before its shut-down."""
    order = Order()
    app = FastAPI(lifespan=own_lifespan(order))
    Scheduler(observers=[order]).attach(app)

    async with living(app, order):
        order.note("serving")

    assert order.words == [
        *("app up", "started", "startup.complete"),
        *("serving", "stopped", "app down", "shutdown.complete"),
    ]


async def test_s67_as_the_only_lifespan_it_runs_while_the_application_does() -> None:
    """S67: `FastAPI(lifespan=scheduler.lifespan)` needs nothing else."""
    order = Order()
    app = FastAPI(lifespan=Scheduler(observers=[order]).lifespan)

    async with living(app, order):
        order.note("serving")

    expected = ["started", "startup.complete", "serving", "stopped", "shutdown.complete"]
    assert order.words == expected


@pytest.mark.parametrize("comes", ["before the handlers", "after the handlers"])
async def test_s67_attached_it_runs_inside_the_on_event_handlers(comes: str) -> None:
    """S67: Handlers are called as ever, around it, whenever they were declared."""
    order = Order()
    app, scheduler = FastAPI(), Scheduler(observers=[order])
    if comes == "before the handlers":
        scheduler.attach(app)
    app.on_event("startup")(lambda: order.note("app up"))
    app.on_event("shutdown")(lambda: order.note("app down"))
    if comes == "after the handlers":
        scheduler.attach(app)

    async with living(app, order):
        pass

    before, behind = around(order.words)
    assert before == ["app up"]
    assert behind == ["app down", "shutdown.complete"]


@pytest.mark.parametrize("attached", [(0,), (1,), (2,), (0, 1, 2)])
async def test_s67_attached_it_runs_inside_the_lifespans_of_routers(attached: tuple[int]) -> None:
    """S67: Whether a router is included before or after makes no difference to the order."""
    order = Order()
    app, scheduler = FastAPI(lifespan=own_lifespan(order)), Scheduler(observers=[order])
    for number in range(3):
        if number in attached:
            scheduler.attach(app)
        if number < 2:
            router = APIRouter(lifespan=own_lifespan(order, f"router {number}"))
            router.get(f"/{number}")(lambda number=number: number)
            app.include_router(router)

    async with living(app, order):
        order.note("serving")

    # FastAPI 0.110 does not know of the lifespans of routers.
    before, behind = around(order.words)
    names = ["app", "router 0", "router 1"][: len(before)]
    assert before == [f"{name} up" for name in names]
    assert behind == [*(f"{name} down" for name in reversed(names)), "shutdown.complete"]
    assert order.words.count("started") == order.words.count("stopped") == 1
    assert TestClient(app).get("/1").json() == 1


async def test_s67_attached_before_the_lifespan_was_wrapped_it_leaves_the_wrapping() -> None:
    """S67: What others put around the lifespan stays, also where a router is included behind."""
    order = Order()
    app, scheduler = FastAPI(), Scheduler(observers=[order])
    scheduler.attach(app)
    attached = app.router.lifespan_context

    @asynccontextmanager
    async def theirs(served: Any) -> AsyncGenerator[Any]:
        order.note("theirs up")
        async with attached(served) as state:
            yield state
        order.note("theirs down")

    app.router.lifespan_context = theirs
    app.include_router(APIRouter())

    async with living(app, order):
        pass

    before, behind = around(order.words)
    assert before == ["theirs up"]
    assert behind == ["theirs down", "shutdown.complete"]


async def test_s67_two_schedulers_run_in_one_application() -> None:
    """S67: The one that was attached last ends first; attached again, neither starts twice."""
    order = Order()
    app = FastAPI(lifespan=own_lifespan(order))
    first, second = Scheduler(observers=[order], name="a"), Scheduler(observers=[order], name="b")
    for scheduler in (first, second, first, second):
        scheduler.attach(app)

    async with living(app, order):
        assert await first.status() == await second.status() == []

    before, behind = around(order.words)
    assert before == ["app up"]
    assert order.words[1:6] == ["started", "started", "startup.complete", "stopped", "stopped"]
    assert behind == ["stopped", "app down", "shutdown.complete"]


@live
def test_s67_the_state_of_the_lifespan_reaches_endpoints_and_tasks() -> None:
    """S67: Both see the very objects that the application's lifespan has yielded."""
    pool, seen = object(), []
    app = FastAPI(lifespan=own_lifespan(Order(), pool=pool))
    scheduler = Scheduler()

    def get_pool(request: Request) -> object:
        return request.state.pool

    @scheduler.every(seconds=60)
    async def use(found: Annotated[object, Depends(get_pool)]) -> None:
        seen.append(found)

    @app.get("/")
    async def is_the_pool(request: Request) -> bool:
        return request.state.pool is pool

    scheduler.attach(app)
    with TestClient(app) as client:
        eventually(lambda: seen)

        assert client.get("/").json() is True
        assert seen == [pool]


def test_s67_what_is_no_application_is_refused() -> None:
    """S67: The error names what to do about an application of another make."""
    with pytest.raises(ArgumentTypeError, match=r"scheduler\.asgi\(app\)"):
        Scheduler().attach(object())


@live
@pytest.mark.parametrize("eager", [False, True])
async def test_s67_no_body_runs_before_the_start_up_has_completed(eager: bool) -> None:
    """S67: Tasks that are due at once wait for the server's start, eager tasks or not."""
    loop = asyncio.get_running_loop()
    # uvloop cannot do with it.
    if eager and sys.version_info >= (3, 12) and isinstance(loop, asyncio.BaseEventLoop):
        loop.set_task_factory(asyncio.eager_task_factory)
    order, done = Order(), asyncio.Event()
    app, scheduler = FastAPI(lifespan=own_lifespan(order)), Scheduler(observers=[order])
    for number in range(50):

        @scheduler.every(seconds=60, name=f"on the loop {number}")
        async def body() -> None:
            order.note("body")
            done.set()

    scheduler.every(seconds=60, name="in a thread")(lambda: order.note("body"))
    scheduler.attach(app)

    async with living(app, order):
        await done.wait()

    assert order.words[:4] == ["app up", "started", "startup.complete", "body"]


async def test_s73_where_the_start_up_fails_no_scheduler_is_left() -> None:
    """S73: The application's error reaches the server, and the scheduler was never started."""
    order, failing = Order(), [True]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        if failing.pop():
            raise RuntimeError("no database")
        yield

    app, scheduler = FastAPI(lifespan=lifespan), Scheduler(observers=[order])
    scheduler.attach(app)

    async with living(app, order) as life:
        assert life.told == ["startup.failed"]
        assert "no database" in life.answers[0]["message"]
        with pytest.raises(NotRunningError):
            await scheduler.status()
    failing.append(False)
    async with living(app, order):
        pass

    assert order.words[1:] == ["started", "startup.complete", "stopped", "shutdown.complete"]


@pytest.mark.parametrize("how", ["attached", "lifespan"])
async def test_s4_tasks_that_cannot_be_supplied_fail_the_start_up(how: str) -> None:
    """S4: The server is told all of them at once, and the application shuts down in order."""
    order, scheduler = Order(), Scheduler()
    app = FastAPI(lifespan=own_lifespan(order) if how == "attached" else scheduler.lifespan)
    if how == "attached":
        scheduler.attach(app)
    for name in ("one", "two"):

        @scheduler.every(seconds=60, name=name)
        async def body(found: "NotDefined") -> None: ...  # noqa: F821 - that is what is tested

    async with living(app, order) as life:
        pass

    assert isinstance(life.error, UnresolvedTasksError)
    assert len(life.error.problems) == 2
    assert "NotDefined" in life.answers[0]["message"]
    assert life.told == ["startup.failed"]
    assert order.words[:-1] == (["app up"] if how == "attached" else [])


async def test_s73_it_is_started_and_ended_a_thousand_times() -> None:
    """S73: Restarts in one process leave neither tasks nor threads behind."""
    scheduler = Scheduler(enabled=True)
    scheduler.cron("0 0 1 1 *", name="calendar")(threading.get_ident)
    scheduler.every(seconds=60, start=60, name="thread")(threading.get_ident)
    threads, tasks = threading.active_count(), asyncio.all_tasks()

    for number in range(1_000):
        async with scheduler.running():
            if number % 100 == 0:
                await scheduler.trigger("thread", wait=True)

    assert asyncio.all_tasks() == tasks
    eventually(lambda: threading.active_count() <= threads)


def test_s73_a_loop_that_ended_without_it_does_not_keep_it_from_starting() -> None:
    """S73: Where a server drops its loop, the next start in the process is a new one."""
    scheduler = Scheduler(enabled=True)
    scheduler.cron("0 0 1 1 *", name="calendar")(threading.get_ident)
    dropped, loop = scheduler.running(), asyncio.new_event_loop()
    loop.run_until_complete(dropped.__aenter__())
    loop.close()

    async def main() -> TaskState:
        async with scheduler.running():
            return (await scheduler.status("calendar")).state

    assert asyncio.run(main()) is TaskState.WAITING


async def test_s67_entered_again_it_is_the_same_scheduler() -> None:
    """S67: It ends with the last block that it was entered by, not with the first."""
    order = Order()
    scheduler = Scheduler(observers=[order])

    async with scheduler.running():
        async with scheduler.running() as again:
            order.note("twice")
        order.note("once")

    assert again is scheduler
    assert order.words == ["started", "twice", "once", "stopped"]


async def test_s74_from_another_loop_it_is_refused() -> None:
    """S74: A handle, and another start, are for the loop that the scheduler runs on."""
    scheduler = Scheduler()
    counting(scheduler)

    async def enter() -> None:
        async with scheduler.running():
            pass

    async with scheduler.running():
        for use in (enter, scheduler.status, lambda: scheduler.trigger("count")):
            with pytest.raises(ForeignLoopError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, use())
        assert (await scheduler.status("count")).starts == 0


@pytest.mark.parametrize("value", ["0", "false", " No ", "off"])
@live
async def test_d15_switched_off_nothing_falls_due_and_a_trigger_works(
    value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """`OSTINATO_ENABLED=0` leaves the scheduler to be looked at and triggered, and says so."""
    monkeypatch.setenv("OSTINATO_ENABLED", value)
    clock = ManualClock()
    scheduler = Scheduler(clock=clock)
    runs = counting(scheduler)
    app = FastAPI(lifespan=scheduler.lifespan)

    with caplog.at_level(logging.INFO, logger="ostinato"):
        async with living(app):
            await clock.advance(hours=1)
            assert runs == []
            assert (await scheduler.status("count")).state is TaskState.DISABLED
            run = await scheduler.trigger("count", wait=True)

    assert isinstance(run, Run)
    assert runs == [0]
    assert "disabled: nothing falls due" in caplog.text


async def test_d15_under_pytest_nothing_falls_due() -> None:
    """A test suite does not run its application's tasks by accident."""
    scheduler = Scheduler(clock=(clock := ManualClock()))
    runs = counting(scheduler)

    async with living(FastAPI(lifespan=scheduler.lifespan)):
        await clock.advance(seconds=1)

    assert runs == []


@live
async def test_d15_a_test_that_is_marked_live_runs_the_tasks() -> None:
    """`@pytest.mark.ostinato(live=True)` is how a test asks for them."""
    scheduler = Scheduler(clock=(clock := ManualClock()))
    runs = counting(scheduler)

    async with living(FastAPI(lifespan=scheduler.lifespan)):
        await clock.advance(seconds=0.01)

    assert runs == list(range(11))


async def test_s67_handlers_that_fastapi_passes_over_are_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S67: With `lifespan=` FastAPI calls no on_event handler: it is said, with the remedy."""
    app = FastAPI(lifespan=Scheduler().lifespan)

    @app.on_event("startup")
    def make_pool() -> None: ...

    async with living(app):
        pass

    [record] = [each for each in caplog.records if "on_event" in each.message]
    assert vars(record)["ostinato_event"] == "ostinato.handlers_ignored"
    assert "make_pool" in record.message
    assert "scheduler.attach(app)" in record.message


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(vars(each)["ostinato_event"]) for each in caplog.records if each.levelno > 20]


@pytest.mark.parametrize("nested", [False, True])
async def test_s67_lifespans_of_routers_that_come_too_late_are_named(
    nested: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """S67: FastAPI enters them inside ours: it is said, with the remedy."""
    order, scheduler = Order(), Scheduler()
    scheduler.every(hours=1, name="task")(lambda: None)
    app = FastAPI(lifespan=scheduler.lifespan)
    router = APIRouter(lifespan=own_lifespan(order, "router"))
    if nested:
        outer = APIRouter()
        outer.include_router(router, prefix="/inner")
        router = outer
    app.include_router(APIRouter())
    app.include_router(router, prefix="/router")

    async with living(app, order):
        pass

    # FastAPI 0.110 does not know of the lifespans of routers.
    knows = "router up" in order.words
    assert warnings_in(caplog) == (["ostinato.lifespans_inside"] if knows else [])
    if knows:
        [record] = caplog.records
        assert vars(record)["lifespan_names"] == ["own_lifespan.<locals>.lifespan"]
        assert "scheduler.attach(app)" in record.message


@pytest.mark.parametrize("how", ["alone", "attached", "another attached", "wrapped"])
async def test_s67_lifespans_that_are_in_order_are_not_named(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S67: routers without one, and all where the scheduler was attached."""
    order, scheduler = Order(), Scheduler()
    scheduler.every(hours=1, name="task")(lambda: None)
    app = FastAPI(lifespan=own_lifespan(order) if how == "attached" else scheduler.lifespan)
    if how == "attached":
        scheduler.attach(app)
    app.include_router(APIRouter(lifespan=own_lifespan(order) if how == "attached" else None))
    if how == "another attached":
        another = Scheduler(name="another")
        another.every(hours=1, name="task")(lambda: None)
        another.attach(app)
    if how == "wrapped":
        ours = app.router.lifespan_context

        @asynccontextmanager
        async def theirs(served: Any) -> AsyncGenerator[Any]:
            async with ours(served) as state:
                yield state

        app.router.lifespan_context = theirs

    async with living(app, order):
        pass

    assert warnings_in(caplog) == []


@pytest.mark.parametrize("when", ["in the start-up", "while it is served", "once more"])
async def test_s12_a_scheduler_that_is_attached_too_late_is_warned_about(
    when: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S12: it does not start any more; one that was attached before is attached already."""
    scheduler = Scheduler()
    scheduler.every(hours=1, name="task")(lambda: None)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        if when == "in the start-up":
            scheduler.attach(app)
        yield

    app = FastAPI(lifespan=lifespan)
    if when == "once more":
        scheduler.attach(app)

    async with living(app):
        if when != "in the start-up":
            scheduler.attach(app)

    assert warnings_in(caplog) == ([] if when == "once more" else ["ostinato.attached_late"])


def test_s12_between_two_life_spans_is_not_too_late(caplog: pytest.LogCaptureFixture) -> None:
    """S12: an application that was served before, by a test for one, may be given a scheduler."""
    app, scheduler = FastAPI(), Scheduler()
    scheduler.every(hours=1, name="task")(lambda: None)
    with TestClient(app) as client:
        client.get("/")

    scheduler.attach(app)
    with TestClient(app) as client:
        assert client.portal.call(scheduler.status, "task").name == "task"

    assert warnings_in(caplog) == []


async def test_s12_a_second_scheduler_is_attached_as_late_as_in_the_start_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S12: where one is attached, the start-up may attach another; behind that it is too late."""
    first, second, third = (Scheduler(name=name) for name in ("first", "second", "third"))
    for scheduler in (first, second, third):
        scheduler.every(hours=1, name="task")(lambda: None)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        second.attach(app)
        yield

    app = FastAPI(lifespan=lifespan)
    first.attach(app)

    async with living(app):
        assert (await second.status("task")).name == "task"
        assert warnings_in(caplog) == []
        third.attach(app)

    assert warnings_in(caplog) == ["ostinato.attached_late"]


@pytest.mark.parametrize("timeout", [None, 0.001])
def test_s70_a_run_that_heeds_no_cancellation_does_not_keep_the_loop(timeout: float | None) -> None:
    """S70: It is left behind, told of with its stack, and whoever ends the loop does not wait."""
    recorder = Recorder()
    scheduler = Scheduler(enabled=True, shutdown_grace=0, cancel_grace=0.01, observers=[recorder])

    async def main() -> None:
        begun, cancelled = asyncio.Event(), asyncio.Event()

        @scheduler.every(seconds=60, name="stubborn", timeout=timeout)
        async def stubborn() -> None:
            while True:
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancelled.set()

        async with scheduler.running():
            await begun.wait()
            if timeout:
                await cancelled.wait()

    asyncio.run(main())

    [event] = recorder.named("ostinato.run_abandoned")
    assert "in stubborn\n" in str(event.facts["stack"])
    assert event.run is not None
    assert event.run.outcome is (Outcome.ABANDONED if timeout is None else Outcome.TIMED_OUT)
    assert recorder.names[-1] == "ostinato.scheduler_stopped"


def test_s70_a_hook_that_is_under_way_at_the_end_is_cancelled() -> None:
    """S70: What is called behind the last run has the same grace as a run."""
    recorder = Recorder()
    scheduler = Scheduler(enabled=True, shutdown_grace=0, observers=[recorder])

    async def main() -> None:
        begun = asyncio.Event()

        async def complete() -> None:
            begun.set()
            await asyncio.Event().wait()

        @scheduler.every(seconds=60, max_runs=1, on_complete=complete)
        async def once() -> None: ...

        async with scheduler.running():
            await begun.wait()

    asyncio.run(main())

    [event] = recorder.named("ostinato.hook_failed")
    assert isinstance(event.error, asyncio.CancelledError)
