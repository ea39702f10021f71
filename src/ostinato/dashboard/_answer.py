"""What is asked over HTTP and what is answered, apart from any framework."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["JSON", "Answer", "Asked", "Refusal", "encoded"]

JSON = "application/json"

# Made once: of a thousand tasks the runs are written one by one.
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        query: The names and values of its query, in their order.
        headers: The names, in lower case, and values of its headers, in their order.
        body: What it carries; None: more than is read.
    """

    query: Sequence[tuple[str, str]] = ()
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = b""

    def header(self, name: str) -> list[str]:
        """Return all values of the header *name*."""
        return [value for each, value in self.headers if each == name]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered, for programs and for readers.

    Attributes:
        status: The status of the response.
        code: The kind of the problem; it is a promise.
        message: What is wrong.
        hint: What to do, if that is known.
    """

    status: int
    code: str
    message: str
    hint: str | None = None

    def answer(self) -> Answer:
        """Return the response that says so."""
        error = {"code": self.code, "message": self.message, "hint": self.hint}
        return Answer(self.status, encoded({"error": error}))


def encoded(value: object) -> bytes:
    """Return *value* as JSON that is inert wherever it is shown: no byte of it opens a tag."""
    text = _ENCODER.encode(value)
    return text.replace("<", "\\u003c").encode("ascii")
