"""The inputs of a request, once they have been read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Given"]


@dataclass(frozen=True, slots=True)
class Given:
    """The values of an operation's fields, which are what the fields say.

    Attributes:
        values: Each by its name.
        tags: The tags of the responses that whoever asks has already.
    """

    values: Mapping[str, object]
    tags: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """Return the text *name*, which is required."""
        return cast("str", self.values[name])

    def text_or_none(self, name: str) -> str | None:
        """Return the text *name*, if there is one."""
        return cast("str | None", self.values[name])

    def texts(self, name: str) -> list[str]:
        """Return all texts *name*."""
        return cast("list[str]", self.values[name] or [])

    def number(self, name: str) -> int:
        """Return the number *name*, which has a default."""
        return cast("int", self.values[name])

    def flag(self, name: str) -> bool:
        """Return the flag *name*, which has a default."""
        return cast("bool", self.values[name])

    def required_instant(self, name: str) -> datetime:
        """Return the instant *name*, which is required."""
        return cast("datetime", self.values[name])

    def instant(self, name: str) -> datetime | None:
        """Return the instant *name*, if there is one."""
        return cast("datetime | None", self.values[name])
