"""The files of the page: a fixed few, from the package's own data."""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING

from ostinato.dashboard._answer import Answer, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["INDEX", "page"]

INDEX = "index.html"

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
}
# Looked up by name: no path is made from what was asked.
_FILES = {
    each.name: each
    for each in (files("ostinato.dashboard") / "static").iterdir()
    if each.name.rpartition(".")[2] in _MEDIA_TYPES
}


def page(name: str, tags: frozenset[str]) -> Callable[[], Answer]:
    """Return what builds the response with the page's file *name*.

    Args:
        name: The name, of whoever asks.
        tags: The tags of the responses that whoever asks has already.
    """

    def build() -> Answer:
        file = _FILES.get(name)
        if file is None:
            return Refusal(404, "not_found", "the page has no such file").answer()
        body = file.read_bytes()
        tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in tags:
            return Answer(304, b"", headers=headers)
        return Answer(200, body, _MEDIA_TYPES[name.rpartition(".")[2]], headers)

    return build
