"""A scheduler around ASGI applications that know life spans, do not, or fail in theirs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from ostinato import Scheduler
from ostinato.errors import NotRunningError, UnresolvedTasksError
from tests.integration.life import Life, Order, living

live = pytest.mark.ostinato(live=True)
variable: ContextVar[str] = ContextVar("variable", default="")

App = Callable[[Any, Any, Any], Awaitable[None]]


def bare(order: Order, *, shutdown: str = "complete") -> App:
    """Return an application that is a function, and does as ASGI's specification shows it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        while True:
            message = await receive()
            order.note(message["type"].replace("lifespan.", "app "))
            if message["type"] == "lifespan.startup":
                scope["state"]["pool"] = "a pool"
                variable.set("of the application")
                await send({"type": "lifespan.startup.complete"})
            else:
                await send({"type": f"lifespan.shutdown.{shutdown}"})
                return

    return app


def starlette(order: Order, *, fails: str = "") -> Starlette:
    """Return an application of Starlette's, whose start-up or shut-down may fail."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[dict[str, str]]:
        order.note("app startup")
        if fails == "startup":
            raise RuntimeError("no database")
        yield {"pool": "a pool"}
        order.note("app shutdown")
        if fails == "shutdown":
            raise RuntimeError("no database")

    return Starlette(lifespan=lifespan, routes=[Route("/", hello)])


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def without_lifespans(scope: Any, receive: Any, send: Any) -> None:
    """Know of requests only, and say so as Django does."""
    if scope["type"] != "http":
        raise ValueError("it can only handle HTTP connections")
    await hello_to(scope, receive, send)


async def of_one_message(scope: Any, receive: Any, send: Any) -> None:
    """Take the start-up for a request, and fail."""
    message = await receive()
    raise KeyError(message["type"])


async def returning(scope: Any, receive: Any, send: Any) -> None:
    """Pass over what it does not know."""


async def starting_only(scope: Any, receive: Any, send: Any) -> None:
    """Answer the start-up, and return."""
    await receive()
    await send({"type": "lifespan.startup.complete"})


hello_to = PlainTextResponse("hello")


@pytest.mark.parametrize("make", [bare, starlette])
async def test_s67_it_runs_inside_the_applications_own_life_span(
    make: Callable[[Order], App],
) -> None:
    """S67: It starts behind the application's start-up and ends before its shut-down."""
    order = Order()
    app = Scheduler(observers=[order]).asgi(make(order))

    async with living(app, order) as life:
        order.note("serving")

    assert order.words == [
        *("app startup", "started", "startup.complete", "serving"),
        *("stopped", "app shutdown", "shutdown.complete"),
    ]
    assert life.state == {"pool": "a pool"}
    assert life.error is None


async def test_s67_attached_to_starlette_it_does_the_same() -> None:
    """S67: `attach` needs Starlette alone, and keeps the state of the lifespan."""
    order = Order()
    app, scheduler = starlette(order), Scheduler(observers=[order])
    for _ in range(2):
        scheduler.attach(app)

    async with living(app, order) as life:
        pass

    assert order.words == [
        *("app startup", "started", "startup.complete"),
        *("stopped", "app shutdown", "shutdown.complete"),
    ]
    assert life.state == {"pool": "a pool"}


@live
async def test_s49_runs_see_the_variables_that_the_start_up_has_set() -> None:
    """S49: The application starts up in the context that every run gets a copy of."""
    scheduler, seen = Scheduler(), asyncio.Queue[str]()

    @scheduler.every(seconds=60)
    async def look() -> None:
        seen.put_nowait(variable.get())

    async with living(scheduler.asgi(bare(Order()))):
        assert await seen.get() == "of the application"


@pytest.mark.parametrize(
    ("app", "level"),
    [
        (without_lifespans, logging.DEBUG),
        (of_one_message, logging.WARNING),
        (returning, None),
        (starting_only, None),
    ],
)
async def test_s67_an_application_without_life_spans_is_served_as_well(
    app: App, level: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """S67: The scheduler answers the server in its place; an error of its own is logged."""
    order = Order()

    with caplog.at_level(logging.DEBUG, logger="ostinato"):
        async with living(Scheduler(observers=[order]).asgi(app), order) as life:
            order.note("serving")

    expected = ["started", "startup.complete", "serving", "stopped", "shutdown.complete"]
    assert order.words == expected
    assert life.error is None
    event = "ostinato.lifespan_unsupported"
    told = [each for each in caplog.records if vars(each).get("ostinato_event") == event]
    assert [record.levelno for record in told] == ([] if level is None else [level])
    assert all(record.exc_info for record in told)


def test_s67_requests_reach_the_application_untouched() -> None:
    """S67: Only the life span passes through the scheduler."""
    app = Scheduler().asgi(without_lifespans)

    with TestClient(app) as client:
        assert client.get("/").text == "hello"


@pytest.mark.parametrize("how", ["attach", "asgi"])
async def test_s73_where_the_start_up_fails_no_scheduler_is_left(how: str) -> None:
    """S73: The server sees the application's failure, and the scheduler was never started."""
    order = Order()
    app, scheduler = starlette(order, fails="startup"), Scheduler(observers=[order])
    life = await failing(scheduler, app, how, order)

    assert order.words == ["app startup", "startup.failed"]
    assert "no database" in life.answers[0]["message"]
    assert isinstance(life.error, RuntimeError)
    with pytest.raises(NotRunningError):
        await scheduler.status()


@pytest.mark.parametrize("how", ["attach", "asgi"])
async def test_s73_where_the_shut_down_fails_the_scheduler_has_ended(how: str) -> None:
    """S73: The server sees the application's failure behind the scheduler's end."""
    order = Order()
    app, scheduler = starlette(order, fails="shutdown"), Scheduler(observers=[order])

    life = await failing(scheduler, app, how, order)

    assert order.words[-3:] == ["stopped", "app shutdown", "shutdown.failed"]
    assert isinstance(life.error, RuntimeError)


async def test_s73_an_application_may_say_itself_that_it_has_failed() -> None:
    """S73: What it answers is what the server gets, also where it returns in the same breath."""
    order = Order()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    life = await failing(Scheduler(observers=[order]), app, "asgi", order)

    assert order.words == ["startup.failed"]
    assert life.answers[0]["message"] == "no database"
    assert life.error is None


async def test_s73_a_shut_down_that_fails_without_an_error_is_passed_on() -> None:
    """S73: The application's answer to the shut-down is its own as well."""
    order = Order()
    app = bare(order, shutdown="failed")

    life = await failing(Scheduler(observers=[order]), app, "asgi", order)

    assert life.told == ["startup.complete", "shutdown.failed"]


@pytest.mark.parametrize("make", [bare, starlette, lambda _order: returning])
@pytest.mark.parametrize("how", ["attach", "asgi"])
async def test_s4_tasks_that_cannot_be_supplied_fail_the_start_up(
    make: Callable[[Order], App], how: str
) -> None:
    """S4: The application shuts down in order, and then the server is told why."""
    order, scheduler = Order(), Scheduler()
    app = make(order)
    if how == "attach" and not isinstance(app, Starlette):
        how = "asgi"

    @scheduler.every(seconds=60)
    async def body(found: "NotDefined") -> None: ...  # noqa: F821 - that is what is tested

    life = await failing(scheduler, app, how, order)

    assert isinstance(life.error, UnresolvedTasksError)
    assert life.told == ["startup.failed"]
    assert "NotDefined" in life.answers[0]["message"]
    assert order.words[-1] == "startup.failed"
    if how == "asgi":
        assert order.words[:-1] in (["app startup", "app shutdown"], [])


async def test_s4_an_application_that_fails_to_clean_up_behind_that_hides_nothing() -> None:
    """S4: The server is told both errors: why it did not start, and what the clean-up raised."""
    order, scheduler = Order(), Scheduler()

    @scheduler.every(seconds=60)
    async def body(found: "NotDefined") -> None: ...  # noqa: F821 - that is what is tested

    life = await failing(scheduler, starlette(order, fails="shutdown"), "asgi", order)

    assert isinstance(life.error, RuntimeError)
    assert isinstance(life.error.__cause__, UnresolvedTasksError)
    assert life.told == ["startup.failed"]
    for text in ("NotDefined", "no database"):
        assert text in life.answers[0]["message"]


async def test_s68_a_server_that_cancels_the_life_span_ends_the_scheduler() -> None:
    """S68: Without a word of a shut-down it ends as well, before the cancellation goes on."""
    order = Order()
    app = Scheduler(observers=[order]).asgi(bare(order))
    messages: asyncio.Queue[Any] = asyncio.Queue()
    messages.put_nowait({"type": "lifespan.startup"})
    started = asyncio.Event()

    async def send(_message: Any) -> None:
        started.set()

    server = asyncio.ensure_future(app({"type": "lifespan", "state": {}}, messages.get, send))
    await started.wait()
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server

    assert order.words == ["app startup", "started", "stopped"]


def test_s12_a_mounted_application_has_no_life_span_of_its_own() -> None:
    """S12: What is attached to it does not start: attach to the application that is served."""
    order = Order()
    mounted = starlette(order)
    Scheduler(observers=[order]).attach(mounted)

    with TestClient(Starlette(routes=[Mount("/inner", mounted)])) as client:
        text = client.get("/inner/").text

    assert text == "hello"
    assert order.words == []


async def failing(scheduler: Scheduler, app: App, how: str, order: Order) -> Life:
    """Live through the life span of *app* with *scheduler*, and return how it went."""
    if how == "attach":
        scheduler.attach(app)
    else:
        app = scheduler.asgi(app)
    async with living(app, order) as life:
        pass
    return life
