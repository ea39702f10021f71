"""What a process says at its end about schedulers that were never started."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

DECLARED = """
    import asyncio
    from ostinato import Scheduler
    from starlette.applications import Starlette
    from starlette.routing import Mount

    scheduler = Scheduler(name="mine")

    @scheduler.every(hours=1)
    def tidy() -> None: ...

    @scheduler.every(hours=1)
    async def refresh() -> None: ...

    async def live(application):
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive():
            return next(messages)

        async def send(message): ...

        await application({"type": "lifespan", "state": {}}, receive, send)
"""
SERVED = "application = Starlette(); asyncio.run(live(application))"


def said_at_exit(*parts: str, **environment: str) -> str:
    program = "\n".join(dedent(part) for part in parts)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, **environment},
    )
    return ended.stderr


@pytest.mark.parametrize(
    "served",
    [
        SERVED,
        # A mounted application has no life span, so what is attached to it does not start.
        """
        inner = Starlette()
        scheduler.attach(inner)
        application = Starlette(routes=[Mount("/inner", inner)])
        asyncio.run(live(application))
        """,
    ],
    ids=["not attached", "attached to a mounted application"],
)
def test_s12_a_scheduler_that_never_started_is_named_with_its_tasks(served: str) -> None:
    """S12: One record at exit names the scheduler, what has not run, and the remedy."""
    said = said_at_exit(DECLARED, served)

    assert "The scheduler 'mine' was never started" in said
    assert "have not run: __main__.refresh, __main__.tidy." in said
    assert "scheduler.attach(app)" in said
    assert said.count("never started") == 1


def test_s12_a_client_that_is_not_entered_starts_nothing_and_it_is_said() -> None:
    """S12: `TestClient(app)` without `with` serves requests, and no life span."""
    request = """
    import logging
    from ostinato import _declared

    events = []
    logging.getLogger("ostinato").addHandler(
        type("Events", (logging.Handler,), {"emit": lambda self, r: events.append(vars(r))})()
    )
    application = Starlette()
    scheduler.attach(application)

    async def receive():
        return {"type": "http.request"}

    async def send(message): ...

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(application(scope, receive, send))
    _declared.report_never_started()
    [event] = events
    assert event["ostinato_event"] == "ostinato.scheduler_never_started"
    assert event["scheduler_name"] == "mine"
    assert event["task_names"] == ["__main__.refresh", "__main__.tidy"]
    del scheduler, application
    """

    assert said_at_exit(DECLARED, request) == ""


@pytest.mark.parametrize(
    "parts",
    [
        (DECLARED,),
        (DECLARED, "scheduler._registry.by_name.clear()", SERVED),
        (DECLARED, "del scheduler, tidy, refresh", SERVED),
        (DECLARED, "application = scheduler.asgi(Starlette())", "asyncio.run(live(application))"),
        (DECLARED.replace('name="mine"', "enabled=False"), SERVED),
    ],
    ids=["not served", "without tasks", "gone", "started", "disabled"],
)
def test_s12_nothing_is_said_where_nothing_is_missed(parts: tuple[str, ...]) -> None:
    """S12: A script that imports the application, or a scheduler that has run, is not reported."""
    assert said_at_exit(*parts) == ""


def test_s12_what_is_switched_off_is_not_missed() -> None:
    """S12: Where tasks are not to run, as in a test suite, nobody is told that they did not."""
    assert said_at_exit(DECLARED, SERVED, OSTINATO_ENABLED="0") == ""
