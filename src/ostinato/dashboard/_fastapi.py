"""The API as a router of FastAPI's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ostinato.dashboard._headers import SAFE
from ostinato.dashboard._models import MODELS, Failure
from ostinato.dashboard._operations import OPERATIONS
from ostinato.dashboard._starlette import PATHS, operation_endpoint, page_endpoint
from ostinato.errors import ArgumentTypeError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from ostinato.dashboard._api import Api
    from ostinato.dashboard._operations import Operation

__all__ = ["router"]

_FAILURES = {
    403: "Another site has sent it",
    404: "There is no such task",
    409: "A run is under way",
    413: "The body is longer than 16 KiB",
    415: "The body is not declared as JSON",
    422: "An input is wrong",
    503: "The store does not answer, or the scheduler is not running",
}
_ALWAYS = frozenset({422, 503})


def router(
    api: Api, *, read: Sequence[Depends], control: Sequence[Depends], has_page: bool
) -> APIRouter:
    """Return the API as a router, which asks *read*, or to steer *control*, first.

    Raises:
        ArgumentTypeError: *read* or *control* are no dependencies.
    """
    read, control = _dependencies("read", read), _dependencies("control", control)
    made = APIRouter(route_class=_Route)
    for operation in OPERATIONS:
        if operation.steers and not api.can_control:
            continue
        made.add_api_route(
            operation.path,
            operation_endpoint(api, operation),
            methods=[operation.method],
            name=f"ostinato_{operation.name}",
            summary=operation.words,
            tags=["ostinato"],
            dependencies=control if operation.steers else read,
            response_model=None,
            responses=_responses(operation),
            openapi_extra=_inputs(operation),
        )
    if has_page:
        for path in PATHS:
            made.add_api_route(
                path,
                page_endpoint,
                methods=["GET"],
                dependencies=read,
                response_model=None,
                include_in_schema=False,
            )
    return made


class _Route(APIRoute):
    """A route whose refusals have the headers that all its responses have."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers; a dependency may refuse to."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException as refusal:
                raise _safe(refusal) from refusal.__cause__

        return handled

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless it is asked by another method.

        Raises:
            HTTPException: It is.
        """
        try:
            await super().handle(scope, receive, send)
        except HTTPException as refusal:
            raise _safe(refusal) from refusal.__cause__


def _safe(refusal: HTTPException) -> HTTPException:
    refusal.headers = {**SAFE, **(refusal.headers or {})}
    return refusal


def _dependencies(argument: str, given: object) -> list[Depends]:
    is_sequence = isinstance(given, list | tuple)
    found = list(cast("Sequence[object]", given)) if is_sequence else [given]
    for each in found:
        if not isinstance(each, Depends):
            raise ArgumentTypeError(argument, each, f"pass {argument}=[Depends(function)]")
    return cast("list[Depends]", found)


def _responses(operation: Operation) -> dict[int | str, dict[str, Any]]:
    statuses = set(_ALWAYS)
    statuses |= {404} if operation.fields else set()
    statuses |= {403, 409, 413, 415} if operation.steers else set()
    found: dict[int | str, dict[str, Any]] = {
        status: {"model": Failure, "description": _FAILURES[status]} for status in sorted(statuses)
    }
    if operation.returns == "Health":
        found[503] = {"model": MODELS["Health"], "description": "Not all is well"}
    return {200: {"model": MODELS[operation.returns]}, **found}


def _inputs(operation: Operation) -> dict[str, Any]:
    if not operation.steers:
        parameters = [
            {
                "name": field.name,
                "in": "query",
                "required": field.is_required,
                "description": field.words,
                "schema": field.schema(),
            }
            for field in operation.fields
        ]
        return {"parameters": parameters} if parameters else {}
    properties = {
        field.name: {**field.schema(), "description": field.words} for field in operation.fields
    }
    body = {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in operation.fields if field.is_required],
        "additionalProperties": False,
    }
    header = {
        "name": "X-Ostinato",
        "in": "header",
        "required": True,
        "description": "no form of another site can send it",
        "schema": {"type": "string", "enum": ["1"]},
    }
    return {
        "parameters": [header],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }
