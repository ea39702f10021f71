"""Where a record stands in the history: what a page begins behind."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from ostinato.errors import InvalidArgumentError

__all__ = ["Place"]

# What no database takes for a whole number.
_MOST = 1 << 63


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
        match _read(text):
            case [int(recorded), int(tie), int(due), int(number), str(name), str(reason)] if (
                max(abs(recorded), abs(tie), abs(due), abs(number)) < _MOST
                # No store can be asked for half a character.
                and (name + reason).isprintable()
            ):
                return cls(recorded, tie, due, number, name, reason)
            case _:
                raise InvalidArgumentError(
                    "before", text, "is no cursor", "pass the `cursor` of a run of the history"
                )


def _read(text: str) -> object:
    """Return what *text* holds; None: nothing that can be read."""
    try:
        return json.loads(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
