"""Run a scheduler inside the life span of an ASGI application."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from ostinato._lifespans import (
    is_served_from_here,
    warn_of_ignored_handlers,
    warn_of_late_attachment,
    warn_of_lifespans_inside,
)
from ostinato.errors import ArgumentTypeError
from ostinato.observers._records import write_record

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["ASGIApp", "Lifespan", "attach", "lifespan_of", "wrapped"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]

# The extension of ASGI by which the command line says that it is no server: it does not go on where
# the application has raised at its start-up.
STRICT = "ostinato.strict"

# What a lifespan of ours is marked with: whom it runs.
_RUNS = "_ostinato_runs"


class _Runnable(Protocol):
    """What runs while a block is open: a scheduler."""

    def running(
        self, *, app: object | None = None, state: Mapping[str, object] | None = None
    ) -> AbstractAsyncContextManager[object]: ...


def lifespan_of(scheduler: _Runnable) -> Lifespan:
    """Return the lifespan of an application that has no other: `FastAPI(lifespan=...)`."""

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncGenerator[None]:
        warn_of_ignored_handlers(app)
        warn_of_lifespans_inside(app)
        async with scheduler.running(app=app):
            yield

    setattr(lifespan, _RUNS, scheduler)
    return lifespan


def schedulers_of(app: object) -> list[object]:
    """Return what runs inside the life span of *app*, as far as it was given to us."""
    if (scheduler := getattr(app, _RUNS, None)) is not None:
        return [scheduler]
    lifespan: object = getattr(getattr(app, "router", None), "lifespan_context", None)
    if isinstance(lifespan, _Attached):
        return [*schedulers_of(lifespan.inner), *lifespan.schedulers]
    given: object = getattr(lifespan, _RUNS, None)
    return [] if given is None else [given]


def attach(scheduler: _Runnable, app: object) -> None:
    """Run *scheduler* inside the lifespan that *app* has, once however often it is called.

    The application's own start-up comes before, and its own shut-down behind, those of routers
    included; the state that its lifespan yields is untouched.

    Raises:
        ArgumentTypeError: *app* is no application of FastAPI or Starlette.
    """
    router: Any = getattr(app, "router", None)
    lifespan = getattr(router, "lifespan_context", None)
    if lifespan is None:
        remedy = "pass a FastAPI or Starlette application; wrap others by scheduler.asgi(app)"
        raise ArgumentTypeError("app", app, remedy)
    if isinstance(lifespan, _Attached):
        is_late = lifespan.is_open
    else:
        is_late = is_served_from_here(app)
        lifespan = _Attached(app, router)
    if lifespan.add(scheduler) and is_late:
        warn_of_late_attachment()


def wrapped(scheduler: _Runnable, app: ASGIApp) -> ASGIApp:
    """Return *app* with *scheduler* running while the server does.

    An application that does not know ASGI's lifespan is served as well.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await _Span(scheduler, app, scope, receive, send).serve()

    setattr(served, _RUNS, scheduler)
    return served


class _Attached:
    """The lifespan of an application, and inside it those of schedulers."""

    def __init__(self, app: object, router: Any) -> None:  # noqa: ANN401 - of either framework
        self._app = app
        self._router = router
        self._inner: Lifespan = router.lifespan_context
        self.schedulers: list[_Runnable] = []
        # Whether the application runs: who comes by then, comes too late.
        self.is_open = False
        router.lifespan_context = self
        if (include := getattr(router, "include_router", None)) is not None:
            router.include_router = self._around(include)

    @property
    def inner(self) -> Lifespan:
        """The application's own lifespan."""
        return self._inner

    def add(self, scheduler: _Runnable) -> bool:
        """Run *scheduler* as well; return whether it did not do so already."""
        if any(each is scheduler for each in self.schedulers):
            return False
        self.schedulers.append(scheduler)
        return True

    @asynccontextmanager
    async def __call__(self, served: object) -> AsyncGenerator[object]:
        async with AsyncExitStack() as stack:
            state = await stack.enter_async_context(self._inner(served))
            # What the application's own start-up has attached is among them.
            for scheduler in self.schedulers:
                await stack.enter_async_context(scheduler.running(app=self._app, state=state))
            self.is_open = True
            try:
                yield state
            finally:
                self.is_open = False

    def _around(self, include: Callable[..., None]) -> Callable[..., None]:
        """Return an `include_router` that puts the router's lifespan around ours, not inside.

        FastAPI enters the lifespan of a router that is included after all that was there before.
        """

        def include_router(*arguments: object, **options: object) -> None:
            if self._router.lifespan_context is not self:
                # Somebody has wrapped it since: what is theirs stays as it is.
                include(*arguments, **options)
                return
            self._router.lifespan_context = self._inner
            try:
                include(*arguments, **options)
            finally:
                self._inner = self._router.lifespan_context
                self._router.lifespan_context = self

        return include_router


class _Span:
    """One life span of an ASGI application, and inside it that of a scheduler.

    The application is called as the server calls it, and its messages pass through here: the
    scheduler starts before its `startup.complete` is sent on, and stops before it is told of the
    `shutdown`.
    """

    def __init__(
        self, scheduler: _Runnable, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._scheduler = scheduler
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._stack = AsyncExitStack()
        self._has_asked = self._has_answered = self._is_ending = False
        self._is_strict = STRICT in scope.get("extensions", {})
        self._failure: Exception | None = None

    async def serve(self) -> None:
        """Serve the life span until the server ends it.

        Raises:
            Exception: What the scheduler raised at its start, or the application after its own.
        """
        async with self._stack:
            try:
                await self._app(self._scope, self._receive_inside, self._send_inside)
            except Exception as error:
                if self._failure is not None:
                    error.__cause__, self._failure = self._failure, error
                elif self._has_answered or (self._has_asked and self._is_strict):
                    raise
                else:
                    # By ASGI's rules it knows no life spans; a server would go on as well.
                    _tell_unsupported(error, is_expected=not self._has_asked)
            if self._failure is None and not self._is_ending:
                await self._go_on_alone()
        if self._failure is not None:
            text = "".join(traceback.format_exception(self._failure))
            await self._send({"type": "lifespan.startup.failed", "message": text})
            raise self._failure

    async def _go_on_alone(self) -> None:
        """Answer for an application that has returned before the server has ended."""
        if not self._has_asked:
            await self._receive_inside()
        if not self._has_answered:
            await self._send_inside({"type": "lifespan.startup.complete"})
        if self._failure is None:
            await self._receive_inside()
            await self._send({"type": "lifespan.shutdown.complete"})

    async def _receive_inside(self) -> Message:
        if self._failure is not None:
            # The application has started, and we have not: it is to clean up.
            return {"type": "lifespan.shutdown"}
        message = await self._receive()
        self._has_asked = True
        if message["type"] == "lifespan.shutdown":
            self._is_ending = True
            await self._stack.aclose()
        return message

    async def _send_inside(self, message: Message) -> None:
        self._has_answered = True
        if message["type"] == "lifespan.startup.complete":
            await self._start()
        elif message["type"] == "lifespan.startup.failed":
            self._is_ending = True
        # Where our start has failed, the server is told so once the application has cleaned up.
        if self._failure is None:
            await self._send(message)

    async def _start(self) -> None:
        running = self._scheduler.running(app=self._app, state=self._scope.get("state"))
        try:
            await self._stack.enter_async_context(running)
        except Exception as error:  # noqa: BLE001 - it is raised once the application has cleaned up
            self._failure = error


def _tell_unsupported(error: Exception, *, is_expected: bool) -> None:
    """Log that the application has raised at its life span, and is served all the same."""
    level = logging.DEBUG if is_expected else logging.WARNING
    message = "The application does not support ASGI's life span; the scheduler runs without it"
    extra = {"ostinato_event": "ostinato.lifespan_unsupported"}
    write_record(level, message, error=error, extra=extra)
