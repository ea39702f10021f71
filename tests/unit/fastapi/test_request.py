"""The request that a task is supplied with: Starlette alone is enough for it."""

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.routing import Route

from ostinato._run import Run
from ostinato.fastapi import Dependencies


async def asking(request: Request, connection: HTTPConnection, limit: int = 1) -> None: ...


async def request_of(app: object | None, state: dict[str, object] | None = None) -> Request:
    dependencies = Dependencies.of(asking, name="asking")
    supplied = dependencies.supplied(Run("asking", 0), app=app, state=state, in_thread=in_thread)
    async with supplied as values:
        assert values == dict.fromkeys(("request", "connection"), values["request"])
        return values["request"]


async def in_thread(call: object) -> object:
    raise AssertionError


async def test_it_shows_the_application_and_a_copy_of_its_state() -> None:
    """What is written into the state of one attempt is not seen by the next."""
    app, state = Starlette(), {"pool": object()}

    request = await request_of(app, state)
    request.state.mine = 1

    assert type(request) is Request
    assert request.app is app
    assert request.state.pool is state["pool"]
    assert list(state) == ["pool"]


async def test_it_was_made_by_nobody() -> None:
    """Whatever a client would have sent is empty."""
    request = await request_of(Starlette())

    assert (request.method, request.url.path, dict(request.headers)) == ("GET", "/", {})
    assert (request.client, dict(request.query_params), request.cookies) == (None, {}, {})
    assert request.path_params == {}


async def test_it_knows_the_applications_routes() -> None:
    """A link can be made in it; the host is for the task to know."""
    app = Starlette(routes=[Route("/tokens/{number:int}", print, name="token")])

    request = await request_of(app)

    assert request.url_for("token", number=1).path == "/tokens/1"


async def test_without_an_application_it_has_none() -> None:
    """A scheduler may run outside of one."""
    request = await request_of(None)

    assert "app" not in request
    assert request.state._state == {}
