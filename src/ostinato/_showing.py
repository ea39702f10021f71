"""Show a scheduler, and let it be steered, over HTTP."""

from __future__ import annotations

from abc import ABC
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import TYPE_CHECKING, cast

from ostinato.errors import ArgumentTypeError, UnmetRequirementError, UnprotectedDashboardError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import APIRouter
    from fastapi.params import Depends
    from starlette.applications import Starlette
    from starlette.requests import Request

    from ostinato.dashboard._api import Api, Served
    from ostinato.protocols import Clock

__all__ = ["Showing"]


class Showing(ABC):
    """What mounts the dashboard and its API."""

    _clock: Clock

    def router(
        self,
        *,
        read: Sequence[Depends] = (),
        control: Sequence[Depends] = (),
        insecure: bool = False,
        expose_tracebacks: bool = False,
        redact: Callable[[str], str] | None = None,
        dashboard: bool = True,
    ) -> APIRouter:
        """Return the dashboard and its API, for `app.include_router(..., prefix="/ostinato")`.

        Args:
            read: The dependencies that let somebody look, such as `[Depends(user)]`.
            control: The dependencies that let somebody steer; without any, nobody can.
            insecure: Whether everybody may look, where *read* is empty.
            expose_tracebacks: Whether a traceback in the message of an exception is shown.
            redact: Returns what is shown of the text that it is given, an exception's say.
            dashboard: Whether there is a page, beside the API.

        Raises:
            ArgumentTypeError: *read* or *control* holds something else than `Depends(...)`, or
                *redact* cannot be called.
            UnmetRequirementError: FastAPI is not installed.
            UnprotectedDashboardError: *read* is empty, and *insecure* is not True.
        """
        if not (read or insecure is True):
            raise UnprotectedDashboardError("read=[Depends(...)]")
        api = _api_of(
            self, self._clock, redact, can_control=bool(control), exposes=expose_tracebacks
        )
        try:
            from ostinato.dashboard._fastapi import router  # noqa: PLC0415 - nobody else needs it
        except ModuleNotFoundError as error:
            if _package_of(error) not in {"fastapi", "starlette", "pydantic"}:
                raise
            feature, needed = "scheduler.router()", "fastapi>=0.110"
            raise UnmetRequirementError(feature, needed, found=None) from error
        return router(api, read=read, control=control, has_page=dashboard)

    def asgi_dashboard(
        self,
        *,
        read: Callable[[Request], object] | None = None,
        control: Callable[[Request], object] | None = None,
        insecure: bool = False,
        expose_tracebacks: bool = False,
        redact: Callable[[str], str] | None = None,
        dashboard: bool = True,
    ) -> Starlette:
        """Return the dashboard and its API as an application, for `app.mount("/ostinato", ...)`.

        Args:
            read: Is called with each request to look, and awaited, or called in a thread where it
                is no coroutine function: allows it by returning True, refuses it by False or None,
                or by raising Starlette's `HTTPException`. A response that it returns is sent.
            control: The same for each request to steer; without it, nobody can.
            insecure: Whether everybody may look, where there is no *read*.
            expose_tracebacks: Whether a traceback in the message of an exception is shown.
            redact: Returns what is shown of the text that it is given, an exception's say.
            dashboard: Whether there is a page, beside the API.

        Raises:
            ArgumentTypeError: *read*, *control* or *redact* cannot be called.
            UnmetRequirementError: Starlette is not installed.
            UnprotectedDashboardError: There is no *read*, and *insecure* is not True.
        """
        for name, check in (("read", read), ("control", control)):
            if check is not None and (_is_generator(check) or not callable(check)):
                remedy = "pass a function of the request that returns True, and yields nothing"
                raise ArgumentTypeError(name, check, remedy)
        if not (read or insecure is True):
            raise UnprotectedDashboardError("read=function")
        api = _api_of(
            self,
            self._clock,
            redact,
            can_control=control is not None,
            exposes=expose_tracebacks,
        )
        try:
            from ostinato.dashboard._starlette import application  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            if _package_of(error) != "starlette":
                raise
            feature, needed = "scheduler.asgi_dashboard()", "starlette>=0.36"
            raise UnmetRequirementError(feature, needed, found=None) from error
        return application(api, read=read, control=control, has_page=dashboard)


def _package_of(error: ModuleNotFoundError) -> str:
    """Return which package is not there."""
    return (error.name or "").partition(".")[0]


def _is_generator(function: object) -> bool:
    return isgeneratorfunction(function) or isasyncgenfunction(function)


def _api_of(
    scheduler: object, clock: Clock, redact: object, *, can_control: bool, exposes: bool
) -> Api:
    from ostinato.dashboard._api import Api  # noqa: PLC0415 - as above
    from ostinato.dashboard._fragments import Fragments  # noqa: PLC0415 - as above
    from ostinato.dashboard._texts import Texts  # noqa: PLC0415 - as above

    if redact is not None and not callable(redact):
        raise ArgumentTypeError("redact", redact, "pass a function of a text that returns a text")
    texts = Texts(cast("Callable[[str], str] | None", redact), exposes)
    return Api(cast("Served", scheduler), clock, texts, can_control, Fragments(texts))
