"""Which store a scheduler has: what it was given, what `$OSTINATO_STORE` names, or a file here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from ostinato._folder import default_file, make_folder
from ostinato._frequency import Frequency
from ostinato._shown import address_in
from ostinato.errors import ArgumentTypeError
from ostinato.stores._open import REDIS_SCHEMES, open_store
from ostinato.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL, Engine
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
        auto_create: Whether its tables are created, or only looked at.
        is_given: Whether somebody named it; else it is a file in the working directory.
    """

    source: str | URL | Engine | AsyncEngine
    is_given: bool = True
    auto_create: bool = True

    @classmethod
    def of(
        cls, given: object, environment: Mapping[str, str], *, auto_create: object = True
    ) -> Memory:
        """Return where the state lives of a scheduler that was *given* this.

        Raises:
            ArgumentTypeError: It is neither an address nor an engine.
            InvalidArgumentError: There is no store at such an address.
            MissingExtraError: The driver of the database is not installed.
            StoreFileError: A relative path was named, and the working directory was deleted.
        """
        if not isinstance(auto_create, bool):
            raise ArgumentTypeError("auto_create", auto_create, "pass True or False")
        source = (environment.get(_VARIABLE) or None) if given is None else given
        if source is None:
            return cls(_address_of(default_file()), is_given=False, auto_create=auto_create)
        if isinstance(source, (bool, int, float, bytes)):
            raise ArgumentTypeError("store", source, 'pass a URL, such as "memory://"')
        # Looked at where it is declared: nothing is connected to.
        open_store(cast("str | Engine | AsyncEngine", source))
        placed = _placed(cast("str | Engine | AsyncEngine", source))
        return cls(placed, auto_create=auto_create)

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
            return ALONE if self.is_alone else address_in(self._url)
        return address_in(self._url)

    @property
    def file(self) -> Path | None:
        """The file that it is, if it is one."""
        if self.is_alone or not self.follows_host:
            return None
        return Path(self._url.database or "")

    @property
    def words(self) -> str:
        """Where it is, for the table at the start."""
        if self.is_alone:
            return "in memory, forgotten at the end of the process"
        if self.is_given:
            return f"in {self.label}, shared by all workers that name it"
        return f"in {self.file}, shared by all workers that start in this directory"

    @property
    def frequency(self) -> Frequency:
        """How often it can be asked."""
        return Frequency(self.label, self.follows_host)

    def open(self, history: History | None = None) -> SharedStore:
        """Return the store, which is not connected yet; *history* is kept by the process alone.

        Raises:
            StoreFileError: There can be no folder for the file that nobody named.
        """
        if self.is_alone:
            return MemoryStore(history=history)
        if not self.is_given and self.file is not None:
            make_folder(self.file.parent)
        return open_store(self.source, auto_create=self.auto_create)

    @property
    def _url(self) -> URL:
        from sqlalchemy import URL, make_url  # noqa: PLC0415 - only who has such a store needs it

        source = self.source
        return make_url(source) if isinstance(source, (str, URL)) else source.url


def _placed(source: str | Engine | AsyncEngine) -> str | URL | Engine | AsyncEngine:
    """Return *source* with the path of its file made absolute: the program may go elsewhere."""
    if not isinstance(source, str) or not source.startswith("sqlite"):
        return source
    from sqlalchemy import make_url  # noqa: PLC0415 - as above

    url = make_url(source)
    if (url.database or "").startswith("file:"):
        return source
    return url.set(database=str(Path(url.database or "").absolute()))


def _address_of(path: Path) -> URL:
    from sqlalchemy import URL  # noqa: PLC0415 - as above

    # Not by joining strings: a folder may be called anything.
    return URL.create("sqlite", database=str(path))
