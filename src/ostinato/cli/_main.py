"""The door of the command line: without its extra, it says so."""

import sys
from importlib import import_module

from ostinato.errors import MissingExtraError

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Do what the command line says, and exit."""
    try:
        import_module("typer")
        import_module("rich")
    except ModuleNotFoundError:
        sys.exit(f"error: {MissingExtraError('cli', 'the command line')}")
    try:
        # Only here: importing the library must import neither.
        import_module("ostinato.cli._program").program()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
