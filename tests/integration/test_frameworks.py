"""FastAPI and Starlette inside the test's own process: test clients, mounting, restarts."""

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from ostinato import Repetition, repeat_every
from tests.integration.serving import eventually

RESTARTS = 100


class Counter:
    """A repeated function that counts its runs, in a thread or on the loop."""

    def __init__(self) -> None:
        self.runs = 0
        self.repetition: Repetition | None = None

    def count(self) -> None:
        self.runs += 1

    async def count_on_loop(self) -> None:
        self.runs += 1


def application(
    *starts: object, routes: tuple[Route | Mount, ...] = (), stops: bool = False
) -> Starlette:
    """Make a Starlette application whose lifespan awaits the *starts*."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        repetitions = [await start() for start in starts]
        yield
        if stops:
            for repetition in repetitions:
                await repetition.stop()

    return Starlette(routes=[Route("/", hello), *routes], lifespan=lifespan)


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.mark.parametrize("name", ["count", "count_on_loop"])
@pytest.mark.parametrize("backend", [{}, {"use_uvloop": True}], ids=["asyncio", "uvloop"])
def test_starlette_alone_repeats_for_as_long_as_the_client_is_entered(
    name: str, backend: dict[str, bool]
) -> None:
    """The lifespan starts it, and it ends with the client's loop."""
    counter = Counter()
    app = application(repeat_every(seconds=0.001)(getattr(counter, name)))

    with TestClient(app, backend_options=backend) as client:
        eventually(lambda: counter.runs >= 3)
        assert client.get("/").text == "hello"
    ended_with = counter.runs

    assert client.get("/").text == "hello"
    assert counter.runs == ended_with


def test_a_client_that_is_not_entered_starts_nothing() -> None:
    """Without `with` there is no lifespan, and so no repetition; requests work."""
    counter = Counter()
    start = repeat_every(seconds=0.001)(counter.count_on_loop)

    text = TestClient(application(start)).get("/").text

    assert text == "hello"
    assert counter.runs == 0


def test_a_mounted_application_starts_nothing_by_itself() -> None:
    """A server runs the lifespan of the outermost application alone: start repetitions there."""
    outer, inner = Counter(), Counter()
    mounted = application(repeat_every(seconds=0.001)(inner.count_on_loop))
    start = repeat_every(seconds=0.001)(outer.count_on_loop)

    with TestClient(application(start, routes=(Mount("/inner", mounted),))) as client:
        eventually(lambda: outer.runs >= 3)
        text = client.get("/inner/").text

    assert text == "hello"
    assert inner.runs == 0


@pytest.mark.parametrize("stops", [True, False], ids=["stopped", "ended by the loop"])
def test_a_hundred_restarts_leave_nothing_behind(stops: bool) -> None:
    """Each start begins a repetition anew; no thread, task or loop is kept from the one before."""
    counter = Counter()
    starts = [
        repeat_every(seconds=0.001)(counter.count),
        repeat_every(seconds=0.001)(counter.count_on_loop),
    ]
    app = application(*starts, stops=stops)
    restart(app, counter)
    threads = threading.active_count()
    handles = alive(Repetition)

    for _ in range(RESTARTS):
        restart(app, counter)

    # The shared pool may have met its limit of eight meanwhile; nothing else may have grown.
    pool = [thread for thread in threading.enumerate() if thread.name.startswith("ostinato-")]
    assert len(pool) <= 8
    assert threading.active_count() <= threads + 8
    # A thread may not have come round yet to forgetting its last run, at either count.
    assert alive(Repetition) <= handles + len(starts)
    assert not [task for task in gc.get_objects() if is_unfinished(task)]


def test_a_restart_is_no_second_start(caplog: pytest.LogCaptureFixture) -> None:
    """S11: A new loop begins a new repetition; what is told is that the loops have ended."""
    counter = Counter()
    app = application(repeat_every(seconds=0.001)(counter.count_on_loop))

    with caplog.at_level(logging.DEBUG, logger="ostinato"):
        restart(app, counter)
        restart(app, counter)

    told = [vars(record).get("ostinato_event") for record in caplog.records]
    assert [event for event in told if event] == ["ostinato.repetition_cancelled"] * 2


@pytest.mark.needs_fastapi
def test_start_up_handlers_of_application_and_router_run_once() -> None:
    """S11: FastAPI calls those of a router twice; there is still one repetition."""
    from fastapi import APIRouter, FastAPI

    app, router, counter = FastAPI(), APIRouter(), Counter()
    once = {"seconds": 60, "max_repetitions": 1}
    app.on_event("startup")(repeat_every(**once)(counter.count_on_loop))
    router.on_event("startup")(repeat_every(**once)(counter.count))
    app.include_router(router)

    with TestClient(app):
        eventually(lambda: counter.runs >= 2)
        assert TestClient(app).get("/").status_code == 404

    assert counter.runs == 2


@pytest.mark.needs_fastapi
def test_a_lifespan_state_reaches_the_endpoints() -> None:
    """Starting a repetition takes nothing from what the lifespan yields."""
    from fastapi import FastAPI

    counter = Counter()
    start = repeat_every(seconds=0.001)(counter.count_on_loop)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[dict[str, Repetition]]:
        yield {"repetition": await start()}

    app = FastAPI(lifespan=lifespan)

    @app.get("/running")
    async def is_running(request: Request) -> bool:
        return request.state.repetition.running

    with TestClient(app) as client:
        assert client.get("/running").json() is True


def restart(app: Starlette, counter: Counter) -> None:
    """Enter and leave the application, with a run in between."""
    before = counter.runs
    with TestClient(app):
        eventually(lambda: counter.runs > before)


def alive(kind: type) -> int:
    """Return how many instances of *kind* something refers to."""
    gc.collect()
    return sum(isinstance(candidate, kind) for candidate in gc.get_objects())


def is_unfinished(candidate: object) -> bool:
    """Return whether the object is a task that nobody has ended."""
    return isinstance(candidate, asyncio.Task) and not candidate.done()
