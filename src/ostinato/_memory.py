"""Which store a scheduler has: the one it was given, or the one that `$OSTINATO_STORE` names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from ostinato.errors import ArgumentTypeError
from ostinato.stores._open import REDIS_SCHEMES, open_store
from ostinato.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from ostinato._history import History
    from ostinato.protocols import SharedStore

__all__ = ["ALONE", "Memory"]

_VARIABLE = "OSTINATO_STORE"
ALONE = "memory://"


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the state of a scheduler lives.

    Attributes:
        source: An address, or an engine of SQLAlchemy's.
    """

    source: str | Engine | AsyncEngine

    @classmethod
    def of(cls, given: object, environment: Mapping[str, str]) -> Memory:
        """Return where the state lives of a scheduler that was *given* this.

        Raises:
            ArgumentTypeError: It is neither an address nor an engine.
            InvalidArgumentError: There is no store at such an address.
            MissingExtraError: The driver of the database is not installed.
        """
        source = environment.get(_VARIABLE) or ALONE if given is None else given
        if isinstance(source, (bool, int, float, bytes)) or source is None:
            raise ArgumentTypeError("store", source, 'pass a URL, such as "memory://"')
        memory = cls(cast("str | Engine | AsyncEngine", source))
        # Looked at where it is declared: nothing is connected to.
        memory.open()
        return memory

    @property
    def is_alone(self) -> bool:
        """Whether nobody else can share it."""
        return self.source == ALONE

    @property
    def follows_host(self) -> bool:
        """Whether its time is the machine's, as that of a file."""
        return self.is_alone or self.label.startswith("sqlite")

    @property
    def label(self) -> str:
        """Its address, without a password."""
        if isinstance(self.source, str):
            parts = urlsplit(self.source)
            if parts.scheme in REDIS_SCHEMES:
                # Its query may hold a password, too.
                return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            from sqlalchemy import make_url  # noqa: PLC0415 - only who has such a store needs it

            return ALONE if self.is_alone else make_url(self.source).render_as_string()
        return self.source.url.render_as_string()

    @property
    def words(self) -> str:
        """Where it is, for the table at the start."""
        if self.is_alone:
            return "in memory, forgotten at the end of the process"
        return f"in {self.label}, shared by all workers that name it"

    def open(self, history: History | None = None) -> SharedStore:
        """Return the store, which is not connected yet; *history* is kept by the process alone."""
        return MemoryStore(history=history) if self.is_alone else open_store(self.source)
