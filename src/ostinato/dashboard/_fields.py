"""Read the inputs of a request: each is bounded, and what is wrong is said."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, cast

from ostinato.dashboard._answer import Refusal
from ostinato.errors import InvalidArgumentError
from ostinato.schedules._instant import aware_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Field", "Kind", "read_body", "read_query"]

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_LONGEST_INSTANT = 40
# Neither can every store keep these, nor is there a use for them.
_PATTERN = r"^[^\u0000-\u0008\u000b-\u001f\u007f]*$"
_UNWANTED = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\ud800-\udfff]")


class Kind(Enum):
    """What an input is."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One input of an operation.

    Attributes:
        name: Its name in the query or in the body.
        words: What it is for.
        kind: What it is.
        lowest: The least number.
        highest: The greatest number, or the longest text in characters.
        is_required: Whether it has to be there.
        is_list: Whether it may be there several times, in a query.
        choices: The texts that there are; none: any.
        default: What it is where it is missing.
    """

    name: str
    words: str
    kind: Kind = Kind.TEXT
    lowest: int = 0
    highest: int = 200
    is_required: bool = False
    is_list: bool = False
    choices: tuple[str, ...] = ()
    default: object = None

    def schema(self) -> dict[str, object]:
        """Return what JSON Schema says of it."""
        found: dict[str, object] = self._schema_of_one()
        if self.is_list:
            return {"type": "array", "items": found, "maxItems": len(self.choices)}
        if self.default is not None:
            found["default"] = self.default
        return found

    def _schema_of_one(self) -> dict[str, object]:
        match self.kind:
            case Kind.TEXT if self.choices:
                return {"type": "string", "enum": list(self.choices)}
            case Kind.TEXT:
                least = 1 if self.is_required else 0
                bounds = {"minLength": least, "maxLength": self.highest}
                return {"type": "string", **bounds, "pattern": _PATTERN}
            case Kind.NUMBER:
                return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}
            case Kind.INSTANT:
                return {"type": "string", "format": "date-time"}
            case Kind.FLAG:
                return {"type": "boolean"}

    def problem_of(self, value: object) -> str | None:
        """Return why it cannot be *value*."""
        match self.kind:
            case Kind.TEXT:
                return self._problem_of_text(value)
            case Kind.NUMBER:
                return self._problem_of_number(value)
            case Kind.FLAG if not isinstance(value, bool):
                return "is neither true nor false"
            case Kind.INSTANT if not isinstance(value, datetime):
                return "is no instant with its offset from UTC, such as 2030-01-31T09:00:00Z"
            case _:
                return None

    def _problem_of_number(self, value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "is no whole number"
        if not self.lowest <= value <= self.highest:
            return f"is not between {self.lowest} and {self.highest}"
        return None

    def _problem_of_text(self, value: object) -> str | None:
        if not isinstance(value, str):
            return "is no string"
        if len(value) > self.highest:
            return f"has {len(value)} characters, and {self.highest} are the most"
        if self.is_required and not value:
            return "is empty"
        if _UNWANTED.search(value):
            return "has control characters"
        if self.choices and value not in self.choices:
            return f"is none of {', '.join(self.choices)}"
        return None


def read_query(
    fields: Sequence[Field], pairs: Sequence[tuple[str, str]]
) -> dict[str, object] | Refusal:
    """Return the values of *fields* that *pairs* of a query give, or what is wrong with them."""
    given: dict[str, object] = {}
    for field in fields:
        texts = [text for name, text in pairs if name == field.name]
        if field.is_list and len(texts) > len(field.choices):
            return _refusal(field, "is there more often than there are values")
        if field.is_list:
            given[field.name] = [_of_text(field, text) for text in texts]
        elif len(texts) > 1:
            return _refusal(field, "is there more than once")
        elif texts:
            given[field.name] = _of_text(field, texts[0])
    return _checked(fields, given)


def read_body(fields: Sequence[Field], body: bytes | None) -> dict[str, object] | Refusal:
    """Return the values of *fields* that the JSON object in *body* gives, or what is wrong."""
    if body is None:
        return Refusal(413, "too_large", "the body of the request is longer than 16 KiB")
    try:
        read: object = json.loads(body)
    except (ValueError, RecursionError):
        return _invalid("the body of the request is no JSON")
    if not isinstance(read, dict):
        return _invalid("the body of the request is no JSON object")
    given = cast("dict[str, object]", read)
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            shown = _UNWANTED.sub("?", name[:80])
            return _invalid(f"there is no input {shown!r}", f"there are {', '.join(known)}")
    values = {
        name: _instant_of(value) if known[name].kind is Kind.INSTANT else value
        for name, value in given.items()
        if value is not None
    }
    return _checked(fields, values)


def _checked(fields: Sequence[Field], given: Mapping[str, object]) -> dict[str, object] | Refusal:
    values: dict[str, object] = {}
    for field in fields:
        value = given.get(field.name)
        if value is None:
            if field.is_required:
                return _refusal(field, "is missing")
            values[field.name] = field.default
            continue
        each = cast("list[object]", value) if field.is_list else [value]
        for one in each:
            if problem := field.problem_of(one):
                return _refusal(field, problem)
        values[field.name] = value
    return values


def _of_text(field: Field, text: str) -> object:
    """Return what *text*, of a query, is; where it cannot be that, it stays as it is."""
    match field.kind:
        case Kind.TEXT:
            return text
        case Kind.NUMBER:
            return int(text) if _NUMBER.fullmatch(text) else text
        case Kind.INSTANT:
            return _instant_of(text)
        case Kind.FLAG:
            return {"true": True, "false": False}.get(text, text)


def _instant_of(value: object) -> object:
    if not isinstance(value, str) or len(value) > _LONGEST_INSTANT:
        return value
    try:
        return aware_utc("instant", datetime.fromisoformat(value))
    except (ValueError, InvalidArgumentError):
        return value


def _refusal(field: Field, problem: str) -> Refusal:
    return _invalid(f"{field.name} {problem}", field.words)


def _invalid(message: str, hint: str | None = None) -> Refusal:
    return Refusal(422, "invalid", message, hint)
