"""The request that a task's dependencies see, where none was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # The application's choice: it is imported where one of its classes is asked for.
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["request_for"]


def request_for(app: object | None, state: Mapping[str, Any] | None) -> Request:
    """Return a request for nothing, that has the *app* and a copy of the lifespan's *state*."""
    from starlette.requests import Request  # noqa: PLC0415 - see above

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": None,
        "server": None,
        "path_params": {},
        "state": dict(state or {}),
    }
    if app is not None:
        scope["app"] = app
        scope["router"] = getattr(app, "router", app)
    return Request(scope)
