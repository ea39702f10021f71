"""The options that many commands have, and how they find their application."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Annotated

import typer

from ostinato._declared import report_nothing
from ostinato.cli._finding import Found, find
from ostinato.errors import OstinatoError

__all__ = [
    "AppOption",
    "AsJson",
    "Header",
    "OptionalTask",
    "TaskArgument",
    "Url",
    "found_here",
    "named_app",
    "wants_json",
]

# What the program itself was told, before the command; and whether errors are to be JSON, too.
named_app: ContextVar[str | None] = ContextVar("named_app", default=None)
wants_json: ContextVar[bool] = ContextVar("wants_json", default=False)


def _note_json(value: bool) -> bool:  # noqa: FBT001 - as typer calls it
    wants_json.set(value)
    return value


AppOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:NAME",
        help="Where the application or its scheduler is; else $OSTINATO_APP.",
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="OSTINATO_URL", help="Where a worker's dashboard is."),
]
Header = Annotated[
    list[str] | None, typer.Option("--header", help="To send there: 'Authorization: ...'.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=_note_json)]


def _complete_task(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of tasks that begin so, for the shell."""
    parent = context.parent.params if context.parent else {}
    try:
        found = find(context.params.get("app") or parent.get("app"))
    except Exception:  # noqa: BLE001 - an application may raise anything; nothing is completed then
        return []
    return [name for name in found.scheduler.tasks if name.startswith(incomplete)]


TaskArgument = Annotated[
    str, typer.Argument(metavar="TASK", help="Its name.", autocompletion=_complete_task)
]

OptionalTask = Annotated[
    str | None,
    typer.Argument(metavar="[TASK]", help="One task alone.", autocompletion=_complete_task),
]


def found_here(app: str | None, *, is_quiet: bool = True) -> Found:
    """Return what *app* names, or else what the program itself was told.

    Args:
        app: What the command was given.
        is_quiet: Whether what the library logs is none of this command's business.

    Raises:
        AppNotFoundError: There is none.
        Exception: Whatever importing it raises.
    """
    wanted = app or named_app.get()
    if is_quiet:
        # Nothing is to run here, so nothing has been forgotten at the end.
        report_nothing()
        logging.getLogger("ostinato").setLevel(logging.CRITICAL)
    try:
        return find(wanted)
    except OstinatoError:
        raise
    except Exception:
        sys.stderr.write(f"error: importing {wanted} failed\n")
        raise
