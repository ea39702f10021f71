"""The command line, called in this process."""

from collections.abc import Callable

from typer.testing import Result

__all__ = ["Invoke"]

Invoke = Callable[..., Result]
