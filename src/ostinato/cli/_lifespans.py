"""Enter the life span of an application, as a server does, and serve nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ostinato._engine._spawn import spawn
from ostinato.errors import LifespanFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ostinato.asgi import ASGIApp

__all__ = ["lifespan"]

_SCOPE = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}


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
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def enter(self) -> None:
        """Have the application start."""
        loop = asyncio.get_running_loop()
        self._answers = {each: loop.create_future() for each in ("startup", "shutdown")}
        self._serving = spawn(self._serve(), loop=loop)
        await self._answered("startup")

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
            raise LifespanFailedError(what, answer.result().get("message", ""))

    async def _serve(self) -> None:
        state: dict[str, object] = {}
        try:
            await self._app({**_SCOPE, "state": state}, self._receive, self._send)
        except Exception:  # noqa: BLE001 - by ASGI's rules it knows no life spans, or has said so
            return

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
