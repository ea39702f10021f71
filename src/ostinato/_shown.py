"""Values in the messages of errors, and errors made anew from their messages."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import Repr
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Hidden", "address_in", "address_of", "rebuilt", "shown"]

E = TypeVar("E", bound=Exception)

# What the query of an address may be called that nobody is to read in a log.
_SECRETS = ("passwd", "password", "sslpassword")


class _Url(Protocol):
    def difference_update_query(self, names: Iterable[str]) -> _Url: ...

    def render_as_string(self) -> str: ...


def shown(value: object) -> str:
    """Return a short representation of *value* for a message, whatever its `repr` does."""
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 - a repr is the user's code, and the message must still be built
        return f"<{type(value).__name__}>"


def address_of(session: object) -> str:
    """Return where a *session*, or a connection, of SQLAlchemy's goes, without its password."""
    bind = getattr(session, "bind", None) or session
    url = getattr(getattr(bind, "engine", bind), "url", None)
    return type(session).__name__ if url is None else address_in(url)


def address_in(url: _Url) -> str:
    """Return the address in *url*, of SQLAlchemy's, without a password, in its query neither."""
    return url.difference_update_query(_SECRETS).render_as_string()


@dataclass(frozen=True, slots=True)
class Hidden:
    """Stands in an error for a value that may hold a password."""

    type_name: str

    def __repr__(self) -> str:
        return "<hidden>"


def rebuilt(kind: type[E], arguments: tuple[object, ...], data: dict[str, object]) -> E:
    """Return the error of *kind* with these *arguments* and *data*, without asking its `__init__`.

    That takes the data and builds the message, and has neither.
    """
    error = kind.__new__(kind, *arguments)
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    builtin.__init__(error, *arguments)  # type: ignore[misc]  # it is one of the error's own bases
    error.__dict__.update(data)
    return error


_short = Repr()
_short.maxother = _short.maxstring = _short.maxlong = 80
