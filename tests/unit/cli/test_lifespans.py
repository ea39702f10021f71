import pytest

from ostinato import LifespanFailedError, Scheduler
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


@pytest.mark.parametrize("at", ["startup", "shutdown"])
async def test_what_an_application_raises_in_its_life_span_is_told(at: str):
    """One that has asked what to do knows life spans: it has failed, whatever its framework."""

    async def app(scope, receive, send) -> None:
        while (message := await receive())["type"] != f"lifespan.{at}":
            await send({"type": f"{message['type']}.complete"})
        raise ConnectionError("there is no database")

    with pytest.raises(LifespanFailedError, match="ConnectionError: there is no datab") as caught:
        await told(app)

    assert caught.value.phase == at


async def test_what_is_wrapped_around_it_does_not_hide_what_it_raises():
    """Under a server it would be served all the same, and the scheduler run beside it."""

    async def app(scope, receive, send) -> None:
        await receive()
        raise ConnectionError("there is no database")

    with pytest.raises(LifespanFailedError, match="ConnectionError: there is no database"):
        await told(Scheduler("memory://").asgi(app))


async def test_an_application_without_a_life_span_goes_without(capsys):
    """By ASGI's rules it raises, and servers go on; it is said, for it may be a mistake."""

    async def app(scope, receive, send) -> None:
        raise AssertionError(scope["type"])

    await told(app)
    await told(None)

    said = " ".join(capsys.readouterr().err.split())
    assert "goes without: it has raised AssertionError: lifespan" in said
