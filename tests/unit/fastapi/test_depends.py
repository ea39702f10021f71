"""What a task's function is supplied with, and how it is cleaned up behind it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from typing import Annotated, Any, Generic, TypeVar

import pytest
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.params import Depends as Marker
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from starlette.requests import HTTPConnection

from ostinato._run import Run
from ostinato.errors import InvalidFunctionError, SwallowedExceptionError
from ostinato.fastapi import Dependencies

T = TypeVar("T")
HAS_SCOPES = "scope" in Marker.__init__.__annotations__

RUN = Run("tidy", 0)


class BoomError(Exception):
    """Raised by tasks and dependencies."""


@pytest.fixture
def events() -> Iterator[list[str]]:
    """Return what the dependencies below write down."""
    written.clear()
    return written


written: list[str] = []


async def in_thread(call: Callable[[], object], **_options: bool) -> object:
    return await asyncio.to_thread(call)


def supplying(
    function: Callable[..., object],
    *,
    app: object | None = None,
    state: Mapping[str, Any] | None = None,
    by: Callable[[Callable[[], object]], Awaitable[object]] = in_thread,
) -> Any:
    dependencies = Dependencies.of(function, name="tidy")
    return dependencies.supplied(RUN, app=app, state=state, in_thread=by)


async def values_of(function: Callable[..., object], **options: Any) -> dict[str, object]:
    async with supplying(function, **options) as values:
        return values


# Dependencies of each kind, each with the name of its thread or None for the loop's.


def thread() -> str | None:
    current = threading.current_thread()
    return None if current is threading.main_thread() else "thread"


async def on_loop() -> str | None:
    return thread()


def in_a_thread() -> str | None:
    return thread()


async def yielded() -> AsyncIterator[str | None]:
    yield thread()


def yielded_in_a_thread() -> Iterator[str | None]:
    written.append(f"enter in {thread()}")
    yield thread()
    written.append(f"leave in {thread()}")


class Service:
    def __init__(self, where: Annotated[object, Depends(on_loop)]) -> None:
        self.made = thread(), where

    async def method(self) -> str | None:
        return thread()

    @staticmethod
    def static() -> str | None:
        return thread()


class AsyncService:
    async def __call__(self) -> str | None:
        return thread()


class GeneratorService:
    def __call__(self) -> Iterator[str | None]:
        yield thread()


class AsyncGeneratorService:
    async def __call__(self) -> AsyncIterator[str | None]:
        yield thread()


class Unhashable:
    __hash__ = None

    def __call__(self) -> str | None:
        return thread()


@wraps(on_loop)
def wrapped_loop() -> Awaitable[str | None]:
    return on_loop()


@wraps(yielded)
def wrapped_yielded() -> AsyncIterator[str | None]:
    return yielded()


@pytest.mark.parametrize(
    ("dependency", "expected"),
    [
        (on_loop, None),
        (in_a_thread, "thread"),
        (yielded, None),
        (yielded_in_a_thread, "thread"),
        (Service(None).method, None),
        (Service.static, "thread"),
        (AsyncService(), None),
        (GeneratorService(), "thread"),
        (AsyncGeneratorService(), None),
        (Unhashable(), "thread"),
        (partial(on_loop), None),
        (partial(partial(in_a_thread)), "thread"),
        (partial(yielded), None),
        (partial(GeneratorService()), "thread"),
        (wrapped_loop, None),
        (wrapped_yielded, None),
        (lambda: thread(), "thread"),  # noqa: PLW0108 - a lambda is what is tried
    ],
)
async def test_every_kind_of_dependency_is_supplied(
    dependency: Callable[..., object], expected: str | None
) -> None:
    """What would block the loop runs in a thread, all else on the loop."""

    async def task(where: Annotated[object, Depends(dependency)]) -> None: ...

    assert await values_of(task) == {"where": expected}


class Repository(Generic[T]):
    def __init__(self, where: Annotated[object, Depends(on_loop)]) -> None:
        self.made = thread(), where


async def test_a_class_is_a_dependency() -> None:
    """The annotated class is what `Depends()` stands for, also with its type arguments."""

    async def task(
        annotated: Annotated[Service, Depends()],
        named: Annotated[object, Depends(Service)],
        generic: Annotated[Repository[int], Depends()],
        by_default: Service = Depends(),  # noqa: B008 - the older form
    ) -> None: ...

    values = await values_of(task)

    assert [type(value) for value in values.values()] == [Service, Service, Repository, Service]
    assert values["annotated"] is values["named"] is values["by_default"]
    assert {value.made for value in values.values()} == {("thread", None)}


async def test_a_dependency_is_supplied_once_to_each_attempt(events: list[str]) -> None:
    """It is shared within an attempt; the next one, a retry, gets another."""

    async def session() -> AsyncIterator[object]:
        events.append("open")
        yield object()
        events.append("close")

    async def users(db: Annotated[object, Depends(session)]) -> object:
        return db

    async def task(
        db: Annotated[object, Depends(session)], users: Annotated[object, Depends(users)]
    ) -> None: ...

    dependencies = Dependencies.of(task, name="tidy")
    seen = []
    for _ in range(2):
        async with dependencies.supplied(RUN, app=None, state=None, in_thread=in_thread) as values:
            seen.append(values)

    assert [attempt["db"] is attempt["users"] for attempt in seen] == [True, True]
    assert seen[0]["db"] is not seen[1]["db"]
    assert events == ["open", "close"] * 2


async def test_a_dependency_that_is_not_to_be_shared_is_not() -> None:
    """With `use_cache=False` each parameter has its own; those that may share have the first."""

    def fresh() -> object:
        return object()

    async def task(
        first: Annotated[object, Depends(fresh, use_cache=False)],
        second: Annotated[object, Depends(fresh, use_cache=False)],
        shared: Annotated[object, Depends(fresh)],
    ) -> None: ...

    values = await values_of(task)

    assert values["first"] is not values["second"]
    assert values["shared"] is values["first"]


@contextmanager
def recorded(
    name: str, *, swallows: bool = False, raises: Exception | None = None
) -> Iterator[str]:
    written.append(f"enter {name}")
    try:
        yield name
    except BaseException as error:
        written.append(f"leave {name} {type(error).__name__}")
        if raises:
            raise raises from error
        if not swallows:
            raise
    else:
        written.append(f"leave {name}")
        if raises:
            raise raises


def recording(name: str, above: object = None, *, kind: str = "async", **how: Any) -> Any:
    """Return a dependency on the one *above* that writes down its beginning and its end."""
    default = Depends(above) if above else None

    async def asynchronous(above: Any = default) -> AsyncIterator[str]:
        with recorded(name, **how) as value:
            yield value

    def plain(above: Any = default) -> Iterator[str]:
        with recorded(name, **how) as value:
            yield value

    return asynchronous if kind == "async" else plain


KINDS = pytest.mark.parametrize("kind", ["async", "thread"])


@KINDS
async def test_what_is_entered_is_left_in_reverse(kind: str, events: list[str]) -> None:
    """The clean-up of a dependency comes after that of all that depend on it."""
    outer = recording("outer", kind=kind)
    inner = recording("inner", outer, kind=kind)

    async def task(
        inner: Annotated[str, Depends(inner)], last: Annotated[str, Depends(recording("last"))]
    ) -> None: ...

    async with supplying(task) as values:
        events.append("run")

    assert values == {"inner": "inner", "last": "last"}
    assert events == [
        *("enter outer", "enter inner", "enter last"),
        "run",
        *("leave last", "leave inner", "leave outer"),
    ]


async def test_a_plain_generator_is_entered_and_left_in_threads(events: list[str]) -> None:
    """Its clean-up may block as its set-up may."""

    async def task(where: Annotated[object, Depends(yielded_in_a_thread)]) -> None: ...

    await values_of(task)

    assert events == ["enter in thread", "leave in thread"]


@KINDS
@pytest.mark.parametrize(
    "error", [BoomError(), asyncio.CancelledError(), StopAsyncIteration(), SystemExit()]
)
async def test_what_the_task_raises_goes_through_every_dependency(
    kind: str, error: BaseException, events: list[str]
) -> None:
    """It is thrown into each of them, and comes out as it was raised."""
    outer = recording("outer", kind=kind)

    async def task(
        inner: Annotated[str, Depends(recording("inner", outer, kind=kind))],
    ) -> None: ...

    with pytest.raises(type(error)) as raised:
        async with supplying(task):
            raise error

    name = type(error).__name__
    assert raised.value is error
    assert events[2:] == [f"leave inner {name}", f"leave outer {name}"]


@KINDS
async def test_what_the_clean_up_raises_is_the_tasks_failure(kind: str, events: list[str]) -> None:
    """A commit that fails fails the run, and the others are left with that failure."""
    failure = BoomError("commit")
    outer = recording("outer", kind=kind)
    inner = recording("inner", outer, kind=kind, raises=failure)

    async def task(inner: Annotated[str, Depends(inner)]) -> None: ...

    with pytest.raises(BoomError) as raised:
        await values_of(task)

    assert raised.value is failure
    assert events[2:] == ["leave inner", "leave outer BoomError"]


@KINDS
async def test_what_the_clean_up_raises_takes_the_place_of_what_the_task_raised(
    kind: str, events: list[str]
) -> None:
    """The first error is the context of the second."""
    failure = BoomError("rollback")

    async def task(
        session: Annotated[str, Depends(recording("session", kind=kind, raises=failure))],
    ) -> None: ...

    with pytest.raises(BoomError) as raised:
        async with supplying(task):
            raise KeyError("task")

    assert raised.value is failure
    assert isinstance(failure.__context__, KeyError)


@KINDS
async def test_a_dependency_that_swallows_the_tasks_failure_is_an_error(
    kind: str, events: list[str]
) -> None:
    """A failed run must not look like one that succeeded: not to its dependencies either."""
    outer = recording("outer", kind=kind)
    inner = recording("inner", outer, kind=kind, swallows=True)

    async def task(inner: Annotated[str, Depends(inner)]) -> None: ...

    with pytest.raises(SwallowedExceptionError) as raised:
        async with supplying(task):
            raise BoomError("task")

    named = raised.value.dependency_name
    assert named.startswith(f"{__name__}.recording.")
    assert raised.value.task_name == "tidy"
    assert isinstance(raised.value.__cause__, BoomError)
    assert str(raised.value) == (
        f"{named}, on which tidy depends, swallowed BoomError('task'); let its `except` block "
        "raise again, or a failed run would look like one that succeeded"
    )
    assert events[2:] == ["leave inner BoomError", "leave outer SwallowedExceptionError"]


@KINDS
async def test_a_cancellation_cannot_be_swallowed(kind: str, events: list[str]) -> None:
    """Whoever cancelled the run means it: the cancellation goes on."""
    outer = recording("outer", kind=kind)
    inner = recording("inner", outer, kind=kind, swallows=True)

    async def task(inner: Annotated[str, Depends(inner)]) -> None: ...

    with pytest.raises(asyncio.CancelledError):
        async with supplying(task):
            raise asyncio.CancelledError

    assert events[2:] == ["leave inner CancelledError", "leave outer CancelledError"]


@KINDS
async def test_what_was_entered_is_left_when_the_next_cannot_be(
    kind: str, events: list[str]
) -> None:
    """A dependency that fails leaves none open behind it."""

    async def failing(first: Annotated[str, Depends(recording("first", kind=kind))]) -> None:
        raise BoomError

    async def task(failing: Annotated[None, Depends(failing)]) -> None: ...

    with pytest.raises(BoomError):
        await values_of(task)

    assert events == ["enter first", "leave first BoomError"]


async def test_a_dependency_may_raise_what_it_would_answer(events: list[str]) -> None:
    """A security scheme finds no credentials: its HTTPException is the run's failure."""
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    async def user(scopes: SecurityScopes, token: Annotated[str, Depends(scheme)]) -> None: ...

    async def task(user: Annotated[None, Security(user, scopes=["admin"])]) -> None: ...

    with pytest.raises(HTTPException, match="Not authenticated"):
        await values_of(task)


async def test_scopes_are_empty() -> None:
    """Nobody has logged in."""

    async def scopes_of(scopes: SecurityScopes) -> SecurityScopes:
        return scopes

    async def task(
        scopes: Annotated[SecurityScopes, Security(scopes_of, scopes=["a"])],
    ) -> None: ...

    scopes = (await values_of(task))["scopes"]

    assert isinstance(scopes, SecurityScopes)
    assert scopes.scopes == []


if HAS_SCOPES:

    async def test_what_has_the_functions_scope_is_left_before_the_rest(events: list[str]) -> None:
        """FastAPI leaves it before the response, and what has the request's scope after it."""
        early, late = recording("early"), recording("late")

        async def task(
            early: Annotated[str, Depends(early, scope="function")],
            late: Annotated[str, Depends(late)],
            other: Annotated[str, Depends(early)],
        ) -> None: ...

        await values_of(task)

        assert events == [
            *("enter early", "enter late", "enter early"),
            *("leave early", "leave early", "leave late"),
        ]


async def test_one_request_is_supplied_everywhere() -> None:
    """A dependency finds in it what an endpoint's would: the application and its state."""
    app = FastAPI()
    state = {"pool": object()}
    seen: list[HTTPConnection] = []

    async def pool_of(connection: HTTPConnection) -> object:
        seen.append(connection)
        return connection.state.pool

    async def task(request: Request, pool: Annotated[object, Depends(pool_of)]) -> None: ...

    values = await values_of(task, app=app, state=state)

    assert seen == [values["request"]]
    assert values["pool"] is state["pool"]


async def test_the_run_is_supplied_anywhere() -> None:
    """Dependencies may ask for it as the function itself may."""

    async def key(run: Run | None = None) -> str:
        assert run is not None
        return run.id

    async def task(run: Run, key: Annotated[str, Depends(key)]) -> None: ...

    assert await values_of(task) == {"run": RUN, "key": RUN.id}


async def test_defaults_are_as_they_are_written() -> None:
    """A default of the function's own is left to it; one inside a `Query()` is taken out."""
    spare = {"a": [1]}

    async def page(
        plain: int = 1,
        size: int = Query(2),
        names: list[str] = Query([]),  # noqa: B008 - as above
        made: list[str] = Query(default_factory=list),  # noqa: B008 - as above
        required: Annotated[int, Query()] = 3,
    ) -> tuple[object, ...]:
        return plain, size, names, made, required

    async def task(
        page: Annotated[object, Depends(page)],
        spare: dict[str, Any] = Query(spare),  # noqa: B008 - as above
    ) -> None: ...

    first, second = await values_of(task), await values_of(task)

    assert first == second == {"page": (1, 2, [], [], 3), "spare": {"a": [1]}}
    assert first["spare"] is not second["spare"]
    assert first["page"][2] is not second["page"][2]


async def test_texts_are_annotations_too() -> None:
    """What `from __future__ import annotations` makes of them means the same."""

    async def task(
        where: "Annotated[Session, Depends(on_loop)]",  # noqa: F821 - known to type checkers alone
        service: "Annotated[Service, Depends()]",
        run: "Run",
    ) -> None: ...

    values = await values_of(task)

    assert (values["where"], type(values["service"]), values["run"]) == (None, Service, RUN)


async def test_what_is_set_on_the_loop_is_seen_by_the_task() -> None:
    """Dependencies on the loop run in the task's own context."""
    variable: ContextVar[int] = ContextVar("variable", default=0)

    async def sets() -> AsyncIterator[None]:
        variable.set(1)
        yield

    async def task(sets: Annotated[None, Depends(sets)]) -> None: ...

    async with supplying(task):
        assert variable.get() == 1


async def test_overrides_are_heeded_at_every_attempt(events: list[str]) -> None:
    """As in FastAPI's tests: what is in place at that moment, also below what it replaces."""
    app = FastAPI()

    async def settings() -> str:
        return "real"

    async def database(settings: Annotated[str, Depends(settings)]) -> str:
        return f"database of {settings}"

    async def task(
        database: Annotated[str, Depends(database)], again: Annotated[str, Depends(database)]
    ) -> None: ...

    def fake() -> Iterator[str]:
        events.append("enter fake")
        yield "fake"
        events.append("leave fake")

    def stub(settings: Annotated[str, Depends(settings)]) -> str:
        return f"stub of {settings}"

    dependencies = Dependencies.of(task, name="tidy")
    seen = []
    for overrides in ({}, {settings: fake}, {settings: fake}, {database: stub, settings: fake}, {}):
        app.dependency_overrides = overrides
        async with dependencies.supplied(RUN, app=app, state=None, in_thread=in_thread) as values:
            seen.append(values["database"])
            assert values["again"] == values["database"]

    assert seen == [
        "database of real",
        *("database of fake", "database of fake"),
        "stub of fake",
        "database of real",
    ]
    assert events == ["enter fake", "leave fake"] * 3


async def test_an_override_is_refused_when_it_is_needed() -> None:
    """One that only a request can supply fails the run, and says where it stands."""
    app = FastAPI()

    async def real() -> str:
        return "real"

    async def fake(page: int) -> str:
        return f"{page}"

    async def task(value: Annotated[str, Depends(real)]) -> None: ...

    app.dependency_overrides[real] = fake

    with pytest.raises(
        InvalidFunctionError, match=r"only a request supplies: page \(tidy -> .*fake"
    ):
        await values_of(task, app=app)

    app.dependency_overrides[real] = lambda: "fake"
    assert await values_of(task, app=app) == {"value": "fake"}


async def test_what_is_unresolved_still_is_refused() -> None:
    """Nothing is supplied by halves: the name that is missing is told."""

    async def session(engine: "Engine") -> None: ...  # noqa: F821 - it is missing

    async def task(session: Annotated[None, Depends(session)]) -> None: ...

    dependencies = Dependencies.of(task, name="tidy")

    assert dependencies.unresolved is not None
    assert dependencies.unresolved.startswith("name 'Engine' is not defined (tidy -> ")
    assert dependencies.unresolved.endswith("session -> engine)")
    with pytest.raises(InvalidFunctionError, match="annotation that cannot be resolved: name 'Eng"):
        await values_of(task)


async def test_a_function_without_dependencies_is_supplied_with_nothing() -> None:
    """Asked for needlessly, the resolver does no harm."""
    silent = type("Silent", (), {"__call__": on_loop, "__signature__": "none"})()

    assert await values_of(on_loop) == {}
    assert await values_of(silent) == {}
