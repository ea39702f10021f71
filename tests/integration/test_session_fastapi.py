"""The session makers in a FastAPI application: what is committed when the response goes out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import anyio
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi import __version__ as fastapi_version
from fastapi.responses import Response
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from starlette.middleware.base import BaseHTTPMiddleware

from ostinato.session import AsyncSessionMaker, FastAPISessionMaker
from tests.support.database import Connections, Database, counted_connections

WRITE = text("INSERT INTO note (id) VALUES (1)")
ORPHAN = text("INSERT INTO note (id, parent) VALUES (1, 2)")

ANSWERS_FIRST = tuple(map(int, fastapi_version.split(".")[:2])) >= (0, 118)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return an empty database."""
    return Database(tmp_path / "notes.db")


@pytest.fixture(autouse=True)
def connections() -> Iterator[Connections]:
    """Count the connections of every engine that the test makes."""
    with counted_connections() as connections:
        yield connections


@pytest.fixture
def maker(database: Database, connections: Connections) -> Iterator[FastAPISessionMaker]:
    """Return a maker that has left no connection open when the test is over."""
    maker = FastAPISessionMaker(database.uri)
    yield maker
    assert maker.cached_engine.pool.checkedout() == 0
    maker.reset_cache()
    assert connections.open == 0


@pytest.fixture
def async_maker(database: Database, connections: Connections) -> Iterator[AsyncSessionMaker]:
    """Return a maker whose connections have ended with the test client's loops."""
    yield AsyncSessionMaker(database.async_uri)
    assert connections.open == 0


def application(maker: FastAPISessionMaker, dependency) -> FastAPI:
    """Return an application that writes one note at /, and one that no commit takes at /orphan."""
    app = FastAPI()
    db = Annotated[Session, dependency]

    @app.post("/")
    def write(session: db, background: BackgroundTasks, request: Request) -> dict[str, bool]:
        background.add_task(request.app.state.after_response)
        session.execute(WRITE)
        return {"written": True}

    @app.post("/orphan")
    def write_orphan(session: db) -> dict[str, bool]:
        session.execute(ORPHAN)
        return {"written": True}

    @app.post("/refused")
    def refuse(session: db) -> None:
        session.execute(WRITE)
        raise HTTPException(409)

    app.state.after_response = lambda: None
    return app


def async_application(maker: AsyncSessionMaker, dependency) -> FastAPI:
    """Return the same application with asynchronous sessions."""
    app = FastAPI()
    db = Annotated[AsyncSession, dependency]

    @app.post("/")
    async def write(session: db, background: BackgroundTasks, request: Request) -> dict[str, bool]:
        background.add_task(request.app.state.after_response)
        await session.execute(WRITE)
        return {"written": True}

    @app.post("/orphan")
    async def write_orphan(session: db) -> dict[str, bool]:
        await session.execute(ORPHAN)
        return {"written": True}

    @app.post("/refused")
    async def refuse(session: db) -> None:
        await session.execute(WRITE)
        raise HTTPException(409)

    app.state.after_response = lambda: None
    return app


@pytest.fixture(params=["sync", "async"])
def declared(request: pytest.FixtureRequest):
    """Return what builds an application for a dependency, and the maker it is built on."""
    if request.param == "sync":
        return application, request.getfixturevalue("maker")
    return async_application, request.getfixturevalue("async_maker")


@pytest.fixture
def app(declared) -> FastAPI:
    """Return an application that uses the ready dependency."""
    build, maker = declared
    return build(maker, maker.depends())


def test_a_commit_that_fails_is_answered_with_500(app, database):
    """The client is not told that something was written which was not."""
    response = TestClient(app, raise_server_exceptions=False).post("/orphan")

    assert response.status_code == 500
    assert database.notes == []


def test_the_plain_dependency_answers_200_although_the_commit_fails(declared, database):
    """Since FastAPI 0.118 a plain dependency ends after the response: hence the ready one."""
    build, maker = declared
    app = build(maker, Depends(maker.get_db))

    response = TestClient(app, raise_server_exceptions=False).post("/orphan")

    assert response.status_code == (200 if ANSWERS_FIRST else 500)
    assert database.notes == []


def test_what_was_written_is_committed_before_what_follows_the_response(app, database):
    """A background task finds what its endpoint wrote."""
    found = []
    app.state.after_response = lambda: found.append(database.notes)

    response = TestClient(app).post("/")

    assert response.json() == {"written": True}
    assert found == [[1]]


def test_a_refusal_is_answered_and_rolled_back(app, database):
    """An HTTPException is an exception: what was written before it is not kept."""
    response = TestClient(app).post("/refused")

    assert response.status_code == 409
    assert database.notes == []


def test_a_test_client_that_is_entered_twice_finds_the_database_both_times(app, connections):
    """Each has an event loop of its own; the second is not handed the first one's engine."""
    statuses = []
    for _ in range(2):
        with TestClient(app) as client:
            statuses.append(client.post("/refused").status_code)

    assert statuses == [409, 409]


def test_a_test_client_that_is_not_entered_finds_the_database_each_time(app, connections):
    """Each request has an event loop of its own, and leaves no connection behind with it."""
    client = TestClient(app)

    statuses = [client.post("/refused").status_code for _ in range(3)]

    assert statuses == [409, 409, 409]
    assert connections.open <= 1


def test_a_session_asked_for_twice_in_a_request_is_one(maker):
    """The endpoint and its dependencies share one transaction, wherever `depends()` is called."""
    app = FastAPI()

    def current(session: Annotated[Session, maker.depends()]) -> Session:
        return session

    @app.get("/")
    def compare(
        session: Annotated[Session, maker.depends()], other: Annotated[Session, Depends(current)]
    ) -> dict[str, bool]:
        return {"one": session is other}

    assert TestClient(app).get("/").json() == {"one": True}


def test_an_asynchronous_session_asked_for_twice_in_a_request_is_one(async_maker):
    """The endpoint and its dependencies share one transaction, wherever `depends()` is called."""
    app = FastAPI()

    def current(session: Annotated[AsyncSession, async_maker.depends()]) -> AsyncSession:
        return session

    @app.get("/")
    async def compare(
        session: Annotated[AsyncSession, async_maker.depends()],
        other: Annotated[AsyncSession, Depends(current)],
    ) -> dict[str, bool]:
        return {"one": session is other}

    assert TestClient(app).get("/").json() == {"one": True}


def test_a_test_replaces_the_dependency_by_the_makers_get_db(app, declared, database, tmp_path):
    """`dependency_overrides` knows the ready dependency by `maker.get_db`."""
    _, maker = declared
    other = Database(tmp_path / "other.db")
    uri = other.uri if isinstance(maker, FastAPISessionMaker) else other.async_uri
    replacement = type(maker)(uri, engine_options={"pool_size": 1})
    app.dependency_overrides[maker.get_db] = replacement.get_db

    TestClient(app).post("/")

    if isinstance(replacement, FastAPISessionMaker):
        replacement.reset_cache()
    assert (database.notes, other.notes) == ([], [1])


def test_a_request_that_a_middleware_gives_up_on_is_rolled_back(async_maker, database):
    """A cancelled scope cancels again at every turn; the connection comes back all the same."""
    app = FastAPI()
    borrowed = []

    class GiveUp:
        """Answers 504 when the request is cancelled."""

        def __init__(self, app) -> None:
            self.app = app

        async def __call__(self, scope, receive, send) -> None:
            with anyio.CancelScope() as request_scope:
                scope["state"] = {"request_scope": request_scope}
                await self.app(scope, receive, send)
            borrowed.append(async_maker.cached_engine.pool.checkedout())
            await Response(status_code=504)(scope, receive, send)

    async def pass_on(request, call_next):
        return await call_next(request)

    # The endpoint then runs in a task of the middleware's own, as it does in many applications.
    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
    app.add_middleware(GiveUp)

    @app.post("/")
    async def write(session: Annotated[AsyncSession, async_maker.depends()], request: Request):
        await session.execute(WRITE)
        borrowed.append(async_maker.cached_engine.pool.checkedout())
        request.state.request_scope.cancel()
        await anyio.sleep_forever()

    response = TestClient(app).post("/")

    assert response.status_code == 504
    assert borrowed == [1, 0]
    assert database.notes == []
