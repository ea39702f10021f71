"""Enter the life span of an application, as a server does, and serve nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from traceback import format_exception, format_exception_only
from typing import TYPE_CHECKING, Any, cast

from ostinato._engine._spawn import spawn
from ostinato.asgi import STRICT
from ostinato.cli._printing import note
from ostinato.errors import LifespanFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ostinato.asgi import ASGIApp

__all__ = ["lifespan"]

_SCOPE: dict[str, object] = {
    "type": "lifespan",
    "asgi": {"version": "3.0", "spec_version": "2.0"},
    "extensions": {STRICT: {}},
}


@asynccontextmanager
async def lifespan(app: object | None) -> AsyncGenerator[None]:
    """Have *app* started in the block, and shut down behind it; one without a life span is not.

    Raises:
        LifespanFailedError: Its start-up, or its shut-down, has failed.
    """
    if app is None:
        yield
        return
    span = _Span(cast("ASGIApp", app))
    await span.enter()
    try:
        yield
    finally:
        await span.leave()


class _Span:
    """The server's side of ASGI's life span."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ending = asyncio.Event()
        self._has_asked = False
        # What the application has raised by itself, and whether it knew of life spans by then.
        self._error: Exception | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def enter(self) -> None:
        """Have the application start."""
        loop = asyncio.get_running_loop()
        self._answers = {each: loop.create_future() for each in ("startup", "shutdown")}
        self._serving = spawn(self._serve(), loop=loop)
        await self._answered("startup")
        if self._error is not None:
            said = "".join(format_exception_only(self._error)).strip()
            note(f"the application supports no life span, and goes without: it has raised {said}")

    async def leave(self) -> None:
        """Have it shut down."""
        self._ending.set()
        await self._answered("shutdown")
        await asyncio.wait({self._serving})

    async def _answered(self, what: str) -> None:
        answer = self._answers[what]
        either: set[asyncio.Future[Any]] = {answer, self._serving}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and answer.result()["type"].endswith(".failed"):
            raise LifespanFailedError(what, answer.result().get("message", "")) from self._error
        if not answer.done() and self._error is not None and self._has_asked:
            # Who asks what it is to do knows life spans: what it raises then is a failure.
            said = "".join(format_exception(self._error))
            raise LifespanFailedError(what, said) from self._error

    async def _serve(self) -> None:
        state: dict[str, object] = {}
        try:
            await self._app({**_SCOPE, "state": state}, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - it is told of, or means that it knows no life spans
            self._error = error

    async def _receive(self) -> dict[str, Any]:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "lifespan.startup"}
        await self._ending.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - as ASGI says
        what = message["type"].split(".")[1]
        if what in self._answers and not self._answers[what].done():
            self._answers[what].set_result(dict(message))
