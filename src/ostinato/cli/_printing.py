"""What a command says: data on stdout, notes and errors on stderr."""

from __future__ import annotations

import json
import re
import sys

from rich.console import Console
from rich.text import Text

from ostinato.cli._words import plain
from ostinato.dashboard._texts import Texts
from ostinato.errors import (
    AlreadyRunningError,
    ConfigurationError,
    OstinatoError,
    StoreError,
    TaskNotFoundError,
)

__all__ = [
    "EXIT_FAILED",
    "TEXTS",
    "code_of",
    "console",
    "note",
    "print_error",
    "print_json",
    "styled",
]

# Of a run that did not succeed, and of health that is failing.
EXIT_FAILED = 1
_EXIT_USAGE, _EXIT_RUNNING, _EXIT_STORE = 2, 3, 4

# Whoever has the application's own code and store sees what its exceptions say; no passwords.
TEXTS = Texts(exposes_tracebacks=True)

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


def console() -> Console:
    """Return what prints to stdout; each command has its own, for its stdout is what counts."""
    return Console(highlight=False, soft_wrap=False)


def print_json(value: object) -> None:
    """Print *value* on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def note(words: str) -> None:
    """Say *words* beside the data."""
    Console(stderr=True, highlight=False).print(Text(plain(words), style="dim"))


def print_error(error: OstinatoError, *, as_json: bool) -> None:
    """Say what is wrong, and what to do."""
    if as_json:
        code = _WORDS.sub("_", type(error).__name__.removesuffix("Error")).lower()
        print_json({"error": {"code": code, "message": str(error)}})
        return
    message = Text("error: ", style="bold red").append(plain(str(error)), style="default")
    Console(stderr=True, highlight=False, soft_wrap=True).print(message)


def code_of(error: OstinatoError) -> int:
    """Return the code to exit with."""
    match error:
        case AlreadyRunningError():
            return _EXIT_RUNNING
        case StoreError():
            return _EXIT_STORE
        case ConfigurationError() | TaskNotFoundError():
            return _EXIT_USAGE
        case _:
            return EXIT_FAILED


def styled(text: str, style: str = "") -> Text:
    """Return somebody's *text* to be shown as it is: no markup is read in it."""
    return Text(plain(text), style=style)
