"""The program: its commands, and what becomes of an error."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ostinato.cli._backfilling import backfill
from ostinato.cli._demo import demo
from ostinato.cli._explaining import explain
from ostinato.cli._looking import history, list_tasks, next_runs
from ostinato.cli._migrating import migrate
from ostinato.cli._options import named_app, wants_json
from ostinato.cli._printing import code_of, print_error
from ostinato.cli._running import run_task, worker
from ostinato.cli._steering import cancel, pause, reschedule, resume, trigger
from ostinato.cli._watching import health, workers
from ostinato.errors import OstinatoError

__all__ = ["program"]


class _Program(TyperGroup):
    """Says what is wrong in words, where the library has some."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as typer has it, whose types are its own
        try:
            return super().invoke(ctx)
        except OstinatoError as error:
            print_error(error, as_json=wants_json.get())
            sys.exit(code_of(error))


program = typer.Typer(
    name="ostinato",
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Look at the periodic tasks of an application, steer them, and run them.",
    epilog="Exit codes: 0 well, 1 failed, 2 wrong use, 3 is running already, 4 the store failed.",
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - as typer calls it
    if value:
        sys.stdout.write(f"ostinato {version('ostinato')}\n")
        sys.exit(0)


@program.callback()
def _begin(
    app: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="MODULE:NAME",
            envvar="OSTINATO_APP",
            help="Where the application or its scheduler is: main:app.",
        ),
    ] = None,
    is_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    del is_version
    named_app.set(app)


program.command("list")(list_tasks)
program.command("next")(next_runs)
program.command("history")(history)
program.command("run")(run_task)
program.command("trigger")(trigger)
program.command("pause")(pause)
program.command("resume")(resume)
program.command("reschedule")(reschedule)
program.command("cancel")(cancel)
program.command("backfill")(backfill)
program.command("health")(health)
program.command("workers")(workers)
program.command("worker")(worker)
program.command("explain")(explain)
program.command("migrate")(migrate)
program.command("demo")(demo)
