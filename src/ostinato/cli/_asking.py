"""Ask a worker over HTTP, by the API that it serves beside its dashboard."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ostinato.errors import InvalidArgumentError, WorkerRefusedError

__all__ = ["asked"]

# In seconds: a worker answers when the run has begun.
_PATIENCE = 30


def asked(url: str, path: str, given: dict[str, object], headers: list[str]) -> dict[str, Any]:
    """Return what the worker at *url* answers that is *given* this.

    Args:
        url: Where the dashboard is.
        path: What is asked for.
        given: What with.
        headers: More of them, as `Authorization: Bearer ...`.

    Raises:
        InvalidArgumentError: *url* is no address of a dashboard, or a header is none.
        WorkerRefusedError: It does not answer, or refuses.
    """
    if not url.startswith(("http://", "https://")):
        remedy = "pass where the dashboard is, such as http://localhost:8000/ostinato"
        raise InvalidArgumentError("--url", url, "is no address", remedy)
    request = Request(f"{url.rstrip('/')}/api/{path}", json.dumps(given).encode())  # noqa: S310 - looked at above
    for name, value in (
        ("Content-Type", "application/json"),
        ("X-Ostinato", "1"),
        *map(_pair, headers),
    ):
        request.add_header(name, value)
    try:
        with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - as above
            return dict(json.load(answer))
    except HTTPError as error:
        raise WorkerRefusedError(url, error.code, _said(error)) from error
    except (URLError, OSError, ValueError) as error:
        raise WorkerRefusedError(url, None, str(error)) from error


def _pair(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon:
        remedy = "write it like 'Authorization: Bearer ...'"
        raise InvalidArgumentError("--header", header, "is no header", remedy)
    return name.strip(), value.strip()


def _said(error: HTTPError) -> str:
    try:
        told = json.loads(error.read())["error"]
        hint = told.get("hint")
        return f"{told['message']}; {hint}" if hint else str(told["message"])
    except (KeyError, TypeError, ValueError, OSError):
        return HTTPStatus(error.code).phrase if error.code in set(HTTPStatus) else str(error)
