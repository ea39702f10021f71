import pytest

from ostinato import LifespanFailedError
from ostinato.cli._lifespans import lifespan


async def told(app) -> None:
    async with lifespan(app):
        pass


async def test_an_application_is_started_and_shut_down_around_the_block():
    """It is asked as a server asks it, with a state of its own."""
    seen: list[object] = []

    async def app(scope, receive, send) -> None:
        seen.append((scope["type"], scope["state"]))
        seen.append((await receive())["type"])
        await send({"type": "lifespan.startup.complete"})
        seen.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    async with lifespan(app):
        seen.append("block")

    assert seen == [("lifespan", {}), "lifespan.startup", "block", "lifespan.shutdown"]


async def test_an_application_that_cannot_start_is_told_of():
    """What it says of its start-up is in the error."""

    async def app(scope, receive, send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "there is no database"})

    with pytest.raises(LifespanFailedError, match="there is no database"):
        await told(app)


async def test_an_application_that_cannot_shut_down_is_told_of():
    """Also where it does not say why."""

    async def app(scope, receive, send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed"})

    with pytest.raises(LifespanFailedError, match="it did not say why"):
        await told(app)


async def test_an_application_without_a_life_span_goes_without():
    """By ASGI's rules it raises, and servers go on."""

    async def app(scope, receive, send) -> None:
        raise AssertionError(scope["type"])

    await told(app)
    await told(None)
