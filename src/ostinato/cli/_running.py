"""`run` and `worker`: tasks without HTTP, inside the life span of their application."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ostinato._enabled import is_enabled
from ostinato._outcomes import Outcome
from ostinato.cli._lifespans import lifespan
from ostinato.cli._options import AppOption, AsJson, TaskArgument, found_here, named_app
from ostinato.cli._printing import EXIT_FAILED, TEXTS, console, note, print_json, styled
from ostinato.cli._waiting import moment, run_until_signal
from ostinato.cli._words import plain, taken
from ostinato.dashboard._shapes import run_shape
from ostinato.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ostinato._run import Run
    from ostinato._scheduler import Scheduler
    from ostinato.cli._finding import Found

__all__ = ["LogLevel", "ended", "inside", "log_to_stderr", "run_task", "worker"]

# In seconds: how often to look whether the run has ended.
_TURN = 0.05

LogLevel = Annotated[
    str, typer.Option("--log-level", help="Of what is logged to stderr.", metavar="LEVEL")
]


def run_task(
    task: TaskArgument,
    app: AppOption = None,
    as_json: AsJson = False,
    log_level: LogLevel = "warning",
) -> None:
    """Run a task once, here and now; the exit code tells how it ended.

    Inside the application's life span, with all that the task depends on. The run takes a lease
    of the store and is in its history, like any other: where a run is under way that it may not
    overlap, it does not start. No tick falls due here.
    """
    log_to_stderr(log_level)
    found = found_here(app, is_quiet=False)
    sys.exit(run_until_signal(_run(found, task, as_json=as_json)))


def worker(
    app: Annotated[
        str | None,
        typer.Argument(metavar="[MODULE:NAME]", help="As --app."),
    ] = None,
    log_level: LogLevel = "info",
) -> None:
    """Run the scheduler without HTTP, inside the application's life span, until it is stopped."""
    log_to_stderr(log_level)
    found = found_here(app or named_app.get(), is_quiet=False)
    _check_enabled(found.scheduler)
    sys.exit(run_until_signal(_work(found)))


async def _run(found: Found, task: str, *, as_json: bool) -> int:
    found.scheduler._registry.find(task)
    async with inside(found):
        run = await found.scheduler.trigger(task)
        await ended(run, plain(task))
    if as_json:
        print_json(run_shape(run, TEXTS))
    elif run.outcome is Outcome.SUCCEEDED:
        console().print(styled(f"{plain(task)} succeeded in {taken(run.duration)}", "green"))
    else:
        words = f"{plain(task)}: {run.outcome} after {taken(run.duration)}"
        Console(stderr=True, highlight=False).print(styled(words, "bold red"))
    return 0 if run.outcome is Outcome.SUCCEEDED else EXIT_FAILED


@asynccontextmanager
async def inside(found: Found) -> AsyncGenerator[None]:
    """Be where runs can be started, and no tick falls due: in the application's life span.

    Raises:
        LifespanFailedError: The application failed at its start-up, or at its shut-down.
        StoreError: The store does not answer.
    """
    async with AsyncExitStack() as observers:
        for each in (found.scheduler, *found.others):
            await observers.enter_async_context(each.observing())
        async with lifespan(found.app):
            try:
                yield
            finally:
                # What runs ends before what its application has set up is taken away.
                await observers.aclose()


async def ended(run: Run, words: str) -> None:
    """Wait for the end of *run*; whoever looks at a terminal sees *words*, and how far it is."""
    out = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[message]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        shown = progress.add_task(words, total=None, message="")
        while run.outcome is None:
            told = plain(run.message or "").partition("\n")[0]
            if run.progressed is not None:
                progress.update(shown, total=1.0, completed=run.progressed, message=told)
            await moment(_TURN)


async def _work(found: Found) -> int:
    scheduler: Scheduler = found.scheduler
    async with lifespan(found.app), scheduler.running(app=found.app):
        note(f"{len(scheduler.tasks)} tasks run here, until SIGTERM or Ctrl-C")
        await asyncio.get_running_loop().create_future()
    return 0


def _check_enabled(scheduler: Scheduler) -> None:
    """Check that tasks fall due here: a worker in which none does would only look as if it worked.

    Raises:
        InvalidArgumentError: They do not, or `$OSTINATO_ENABLED` says neither yes nor no.
    """
    wish = scheduler._enabled
    if is_enabled(wish):
        return
    problem = "lets no task fall due in this process, and a worker has nothing else to do"
    if wish is not None:
        remedy = "leave it out, and set OSTINATO_ENABLED=0 where no task is to fall due"
        raise InvalidArgumentError("enabled", wish, problem, remedy)
    value = os.environ.get("OSTINATO_ENABLED", "")
    raise InvalidArgumentError("OSTINATO_ENABLED", value, problem, "unset it here, or set it to 1")


def log_to_stderr(level: str) -> None:
    """Log to stderr, unless the application sees to it when it is imported."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
