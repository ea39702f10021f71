"""Values in the messages of errors, and errors made anew from their messages."""

from dataclasses import dataclass
from reprlib import Repr
from typing import TypeVar

__all__ = ["Hidden", "rebuilt", "shown"]

E = TypeVar("E", bound=Exception)


def shown(value: object) -> str:
    """Return a short representation of *value* for a message, whatever its `repr` does."""
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 - a repr is the user's code, and the message must still be built
        return f"<{type(value).__name__}>"


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
