"""Where a record stands in the history: what a page begins behind."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from ostinato.errors import InvalidArgumentError

__all__ = ["Place"]


class Place(NamedTuple):
    """The order of the records, the highest place first; no two have the same.

    Attributes:
        recorded: When the store learnt of it, in milliseconds.
        tie: What comes first of what it learnt at once.
        due: The first instant.
        number: What tells runs of one instant apart.
        name: The task's name.
        reason: Why ticks were skipped; empty for a run.
    """

    recorded: int
    tie: int
    due: int
    number: int
    name: str
    reason: str

    @property
    def text(self) -> str:
        """What a user hands back, and nobody reads."""
        return urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> "Place":
        """Return the place that *text* tells of.

        Raises:
            InvalidArgumentError: It tells of none.
        """
        try:
            told = json.loads(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
            recorded, tie, due, number, name, reason = told
            numbers = (_whole(recorded), _whole(tie), _whole(due), _whole(number))
            place = cls(*numbers, _word(name), _word(reason))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidArgumentError(
                "before", text, "is no cursor", "pass the `cursor` of a run of the history"
            ) from error
        return place


def _whole(value: object) -> int:
    if type(value) is not int or abs(value) >= 1 << 63:
        raise ValueError(value)
    return value


def _word(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(value)
    # Nor can a store be asked for half a character.
    value.encode()
    return value
