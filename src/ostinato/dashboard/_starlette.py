"""Requests and responses of Starlette, and the API as an application of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ostinato.dashboard._answer import Asked, Refusal
from ostinato.dashboard._building import off_loop
from ostinato.dashboard._headers import SAFE
from ostinato.dashboard._operations import OPERATIONS, answer
from ostinato.dashboard._static import INDEX, page

if TYPE_CHECKING:
    from ostinato.dashboard._answer import Answer
    from ostinato.dashboard._api import Api
    from ostinato.dashboard._operations import Operation

__all__ = ["PATHS", "Check", "application", "operation_endpoint", "page_endpoint"]

Check = Callable[[Request], object]
Endpoint = Callable[[Request], Awaitable[Response]]

# Of the page's files.
PATHS = ("/", "/static/{file}")

_FORBIDDEN = Refusal(403, "forbidden", "this is not allowed", "log in as somebody who may")
_FAILED = Refusal(500, "failed", "this was not answered", "the log says why")
# What a framework, or a check, refuses by its status alone.
_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
# Of whoever has gone away before the answer: it reaches nobody, but perhaps a log.
_GONE = 499
_NOT_MODIFIED = 304
_BODILESS = (204, _NOT_MODIFIED)
_LONGEST_BODY = 16_384


def operation_endpoint(api: Api, operation: Operation) -> Endpoint:
    """Return what answers the requests for *operation*."""

    async def endpoint(request: Request) -> Response:
        try:
            asked = await _asked(request)
        except ClientDisconnect:
            return Response(status_code=_GONE)
        return _response(await answer(api, operation, asked))

    return endpoint


async def page_endpoint(request: Request) -> Response:
    """Answer the requests for the page's files, at `PATHS`."""
    tags = request.headers.get("if-none-match", "").split(",")
    name = request.path_params.get("file", INDEX)
    return _response(await off_loop(page(name, frozenset(tag.strip() for tag in tags))))


def application(
    api: Api, *, read: Check | None, control: Check | None, has_page: bool
) -> Starlette:
    """Return the API as an application: what *read* and *control* do not allow is refused."""
    routes = [
        Route(
            operation.path,
            _checked(operation_endpoint(api, operation), control if operation.steers else read),
            methods=[operation.method],
        )
        for operation in OPERATIONS
        if control is not None or not operation.steers
    ]
    if has_page:
        routes += [Route(path, _checked(page_endpoint, read), methods=["GET"]) for path in PATHS]
    handlers = {HTTPException: _refused, Exception: _failed}
    return Starlette(routes=routes, exception_handlers=handlers)


def _checked(endpoint: Endpoint, check: Check | None) -> Endpoint:
    if check is None:
        return endpoint

    # Its own `__call__`: an object may be a check, too.
    is_async = iscoroutinefunction(check) or iscoroutinefunction(type(check).__call__)

    async def checked(request: Request) -> Response:
        # What is no coroutine function may ask a database: the event loop does not wait for it.
        allowed = check(request) if is_async else await run_in_threadpool(check, request)
        if isawaitable(allowed):
            allowed = await cast("Awaitable[object]", allowed)
        if isinstance(allowed, Response):
            return allowed
        # Not by being something: a generator is, whose body has never run.
        if allowed is not True:
            return _response(_FORBIDDEN.answer())
        return await endpoint(request)

    return checked


async def _refused(_request: Request, error: Exception) -> Response:
    """Answer where Starlette, or a check, has raised an `HTTPException`."""
    refused = cast("HTTPException", error)
    code = _CODES.get(refused.status_code, "refused")
    answer = Refusal(refused.status_code, code, str(refused.detail)).answer()
    headers = {**SAFE, **(refused.headers or {})}
    if refused.status_code in _BODILESS:
        return Response(None, refused.status_code, headers)
    return Response(answer.body, refused.status_code, headers, answer.media_type)


async def _failed(_request: Request, _error: Exception) -> Response:
    """Answer where something else was raised, which Starlette hands on to the server's log."""
    return _response(_FAILED.answer())


async def _asked(request: Request) -> Asked:
    return Asked(
        request.query_params.multi_items(),
        [(name.lower(), value) for name, value in request.headers.items()],
        await _body_of(request),
    )


async def _body_of(request: Request) -> bytes | None:
    """Return the body of *request*; None where it is longer than is read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            return None
    return bytes(body)


def _response(found: Answer) -> Response:
    headers = {**SAFE, **found.headers}
    media_type = None if found.status == _NOT_MODIFIED else found.media_type
    return Response(found.body, found.status, headers, media_type)
