"""Values in the messages of errors, and errors made anew from their messages."""

from dataclasses import dataclass
from reprlib import Repr
from typing import TypeVar

__all__ = ["Hidden", "address_of", "rebuilt", "shown"]

E = TypeVar("E", bound=Exception)


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
    render = getattr(url, "render_as_string", None)
    return type(session).__name__ if render is None else str(render())


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
