"""Our resolver and FastAPI's own, on the same functions: the same values, in the same order."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from itertools import count
from typing import Annotated, Any, NamedTuple

import pytest
from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI, Query, Request, Security
from fastapi.dependencies import utils
from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

from ostinato._run import Run
from ostinato.fastapi import Dependencies

HAS_SCOPES = "scope" in inspect.signature(Depends).parameters

STATE = {"pool": "the pool"}


class Told(NamedTuple):
    """What a function was called with, and what happened around it."""

    values: Mapping[str, object]
    events: list[str]


class BoomError(Exception):
    """Raised by a task."""


events: list[str] = []
numbers = count()


def entering(name: str) -> str:
    events.append(f"enter {name}")
    return f"{name} {next(numbers)}"


# Dependencies that write down what happens to them; the number tells one value from the next.


async def on_loop() -> str:
    return entering("on_loop")


def in_thread() -> str:
    return entering("in_thread")


async def session(settings: Annotated[str, Depends(in_thread)]) -> AsyncIterator[str]:
    value = entering("session")
    try:
        yield f"{value} ({settings})"
    except BaseException as error:
        events.append(f"session got {type(error).__name__}")
        raise
    finally:
        events.append("leave session")


def connection(first: Annotated[str, Depends(on_loop)]) -> Iterator[str]:
    value = entering("connection")
    try:
        yield f"{value} ({first})"
    except BaseException as error:
        events.append(f"connection got {type(error).__name__}")
        raise
    finally:
        events.append("leave connection")


async def users(
    session: Annotated[str, Depends(session)], first: Annotated[str, Depends(on_loop)]
) -> str:
    return f"{entering('users')} ({session}, {first})"


def mails(
    connection: Annotated[str, Depends(connection)], users: Annotated[str, Depends(users)]
) -> Iterator[str]:
    value = entering("mails")
    yield f"{value} ({connection}, {users})"
    events.append("leave mails")


class Service:
    """Equal where it was made of the same."""

    def __init__(self, session: Annotated[str, Depends(session)], size: int = 3) -> None:
        entering("Service")
        self.made_of = session, size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Service) and self.made_of == other.made_of

    __hash__ = None

    def method(self, first: Annotated[str, Depends(on_loop)]) -> str:
        return f"{entering('method')} ({first})"


class Called:
    def __call__(self, first: Annotated[str, Depends(on_loop)]) -> str:
        return f"{entering('Called')} ({first})"


class Awaited:
    async def __call__(self, first: Annotated[str, Depends(in_thread)]) -> str:
        return f"{entering('Awaited')} ({first})"


class Entered:
    async def __call__(self) -> AsyncIterator[str]:
        yield entering("Entered")
        events.append("leave Entered")


SERVICE = Service("none")
CALLED, AWAITED, ENTERED = Called(), Awaited(), Entered()


def sized(size: int, first: Annotated[str, Depends(on_loop)]) -> str:
    return f"{entering('sized')} ({first}, {size})"


def page(
    *,
    plain: int = 1,
    size: int = Query(2),
    names: list[str] = Query(["a"]),  # noqa: B008 - FastAPI's older form
    made: list[str] = Query(default_factory=lambda: ["b"]),  # noqa: B008 - as above
    spare: Annotated[int, Query(gt=0)] = 4,
    nothing: str | None = None,
) -> tuple[object, ...]:
    return plain, size, names, made, spare, nothing


async def scopes_of(scopes: SecurityScopes, first: Annotated[str, Depends(on_loop)]) -> str:
    return f"{entering('scopes')} {scopes.scopes} ({first})"


async def pool_of(request: Request, connection: HTTPConnection) -> tuple[object, ...]:
    return request is connection, request.state.pool, request.app.title, request.method


# The functions that both resolve.


async def nothing(plain: int = 1) -> None: ...
async def one(first: Annotated[str, Depends(on_loop)]) -> None: ...
async def from_thread(first: Annotated[str, Depends(in_thread)]) -> None: ...
async def by_default(first: str = Depends(on_loop)) -> None: ...
async def entered(session: Annotated[str, Depends(session)]) -> None: ...
async def entered_in_thread(connection: Annotated[str, Depends(connection)]) -> None: ...
async def deep(mails: Annotated[str, Depends(mails)]) -> None: ...


async def shared(
    connection: Annotated[str, Depends(connection)],
    mails: Annotated[str, Depends(mails)],
    session: Annotated[str, Depends(session)],
    users: Annotated[str, Depends(users)],
) -> None: ...


async def not_shared(
    one: Annotated[str, Depends(session)],
    two: Annotated[str, Depends(session, use_cache=False)],
    three: Annotated[str, Depends(session)],
) -> None: ...


async def shared_by_the_last(
    one: Annotated[str, Depends(on_loop, use_cache=False)],
    two: Annotated[str, Depends(on_loop, use_cache=False)],
    three: Annotated[str, Depends(on_loop)],
) -> None: ...


async def classes(
    named: Annotated[object, Depends(Service)],
    annotated: Annotated[Service, Depends()],
    by_default: Service = Depends(),  # noqa: B008 - FastAPI's older form
) -> None: ...


async def instances(
    called: Annotated[str, Depends(CALLED)],
    awaited: Annotated[str, Depends(AWAITED)],
    entered: Annotated[str, Depends(ENTERED)],
    again: Annotated[str, Depends(CALLED)],
) -> None: ...


async def methods(
    one: Annotated[str, Depends(partial(sized, 5))],
    two: Annotated[str, Depends(partial(sized, size=6))],
    three: Annotated[str, Depends(CALLED.__call__)],
    four: Annotated[str, Depends(CALLED.__call__)],
) -> None: ...


async def defaults(
    page: Annotated[object, Depends(page)], own: int = Query(7), plain: str = "plain"
) -> None: ...


async def texts(
    session: "Annotated[str, Depends(session)]", service: "Annotated[Service, Depends()]"
) -> None: ...


async def secured(
    one: Annotated[str, Security(scopes_of)], two: Annotated[str, Depends(scopes_of)]
) -> None: ...


async def requested(
    pool: Annotated[object, Depends(pool_of)], session: Annotated[str, Depends(session)]
) -> None: ...


if HAS_SCOPES:

    async def scoped(
        early: Annotated[str, Depends(session, scope="function")],
        late: Annotated[str, Depends(connection)],
        other: Annotated[str, Depends(session)],
        users: Annotated[str, Depends(users, scope="function")],
        again: Annotated[str, Depends(session, scope="function")],
    ) -> None: ...


FUNCTIONS = [
    *(nothing, one, from_thread, by_default, entered, entered_in_thread, deep, shared, not_shared),
    *(shared_by_the_last, classes, instances, methods, defaults, texts, secured, requested),
    *([scoped] if HAS_SCOPES else []),
]


# What the overrides put in place.


def fake_settings() -> Iterator[str]:
    yield entering("fake_settings")
    events.append("leave fake_settings")


async def fake_session(first: Annotated[str, Depends(on_loop)]) -> str:
    return f"{entering('fake_session')} ({first})"


OVERRIDES: list[dict[Any, Any]] = [
    {},
    {in_thread: fake_settings},
    {session: fake_session, in_thread: fake_settings},
    {on_loop: lambda: entering("fake"), connection: on_loop},
    {users: in_thread, mails: fake_settings},
]


@pytest.mark.parametrize("overrides", OVERRIDES, ids=range(len(OVERRIDES)))
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("failure", [None, BoomError()], ids=["succeeding", "failing"])
async def test_both_agree(
    function: Callable[..., object], overrides: dict[Any, Any], failure: BoomError | None
) -> None:
    """Values, their order, and the order of the clean-up, whether or not the function fails."""
    app = FastAPI(title="the application")
    app.dependency_overrides = overrides

    assert await ours(function, app, failure) == await fastapis(function, app, failure)


async def uncached(first: Annotated[str, Depends(on_loop, use_cache=False)]) -> str:
    return f"{entering('uncached')} ({first})"


async def test_what_is_shared_is_not_set_up_for_again() -> None:
    """FastAPI supplies what a shared dependency is made of once more, and throws it away."""

    async def task(
        one: Annotated[str, Depends(uncached)], two: Annotated[str, Depends(uncached)]
    ) -> None: ...

    app = FastAPI()

    assert (await ours(task, app)).events == ["enter on_loop", "enter uncached", "run"]
    assert (await fastapis(task, app)).events == [
        *("enter on_loop", "enter uncached", "enter on_loop"),
        "run",
    ]


async def by_anyio(call: Callable[[], object], **_options: bool) -> object:
    """Make *call* in a thread; nobody is cancelled here."""
    return await run_sync(call)


async def ours(
    function: Callable[..., object], app: FastAPI, failure: BoomError | None = None
) -> Told:
    """Return what our resolver does for *function*, which fails if there is a *failure*."""
    begin()
    dependencies = Dependencies.of(function, name="task")
    supplied = dependencies.supplied(Run("task", 0), app=app, state=STATE, in_thread=by_anyio)
    values: Mapping[str, object] = {}
    with suppress(BoomError):
        async with supplied as values:
            run(failure)
    return Told(with_defaults(function, values), list(events))


async def fastapis(
    function: Callable[..., object], app: FastAPI, failure: BoomError | None = None
) -> Told:
    """Return what FastAPI's own does, in the stacks in which FastAPI calls it."""
    begin()
    scope: dict[str, Any] = {"type": "http", "method": "GET", "app": app, "state": dict(STATE)}
    scope |= {"path": "/", "query_string": b"", "headers": []}
    values: Mapping[str, object] = {}
    with suppress(BoomError):
        async with AsyncExitStack() as late:
            scope["fastapi_inner_astack"] = late
            async with AsyncExitStack() as early:
                scope["fastapi_function_astack"] = early
                values = await solved(function, Request(scope), app, late)
                run(failure)
    return Told(with_defaults(function, values), list(events))


async def solved(
    function: Callable[..., object], request: Request, app: FastAPI, stack: AsyncExitStack
) -> Mapping[str, object]:
    """Call `solve_dependencies`, which takes and returns what it did not always."""
    known = {
        "request": request,
        "dependant": utils.get_dependant(path="/", call=function),
        "dependency_overrides_provider": app,
        "async_exit_stack": stack,
        "embed_body_fields": False,
    }
    taken = inspect.signature(utils.solve_dependencies).parameters
    result: Any = await utils.solve_dependencies(
        **{name: value for name, value in known.items() if name in taken}
    )
    values, errors = result[:2] if isinstance(result, tuple) else (result.values, result.errors)
    assert errors == []
    return values


def begin() -> None:
    global numbers  # noqa: PLW0603 - each resolver counts from the beginning
    events.clear()
    numbers = count()


def run(failure: BoomError | None) -> None:
    events.append("run")
    if failure is not None:
        raise failure


def with_defaults(
    function: Callable[..., object], values: Mapping[str, object]
) -> Mapping[str, object]:
    """Return *values* with the function's own defaults, which only FastAPI hands in itself."""
    bound = inspect.signature(function).bind(**values)
    bound.apply_defaults()
    return bound.arguments
