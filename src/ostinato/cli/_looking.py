"""`list`, `next` and `history`: how the tasks of a fleet stand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from ostinato._instants import instant_of
from ostinato._status import TaskState
from ostinato.cli._observing import observed, observing
from ostinato.cli._options import AppOption, AsJson, OptionalTask, found_here
from ostinato.cli._printing import console, note, print_json
from ostinato.cli._shapes import instant_shape, run_shape, task_shape
from ostinato.cli._tables import run_table, status_table, tick_table
from ostinato.cli._waiting import moment
from ostinato.cli._words import instant_in, now

if TYPE_CHECKING:
    from datetime import datetime

    from ostinato._run import Run
    from ostinato._scheduler import Scheduler
    from ostinato._status import TaskStatus

__all__ = ["history", "list_tasks", "next_runs"]

# In seconds: how often a table is drawn anew.
_TURN = 1.0
# However long the time is that was asked for.
_MOST_TICKS = 1_000

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at most.")]
_COMING = (TaskState.WAITING, TaskState.RUNNING)


def list_tasks(
    app: AppOption = None,
    as_json: AsJson = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on, and show what changes.")
    ] = False,
) -> None:
    """Show every task: its state, its next run and its last one."""
    if watch:
        with suppress(KeyboardInterrupt):
            asyncio.run(_watch(found_here(app).scheduler, as_json=as_json))
        return
    scheduler, statuses = observed(app, _with_statuses)
    if as_json:
        print_json(_shapes(scheduler, statuses))
    elif not statuses:
        note("there are no tasks: import the modules that declare them where --app points to")
    else:
        console().print(status_table(statuses, scheduler.tasks, now()))


def next_runs(
    task: OptionalTask = None,
    app: AppOption = None,
    as_json: AsJson = False,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="SPAN", help="Up to then: 90m, 7d, or an instant."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at most.")
    ] = None,
) -> None:
    """Show when tasks are due next, their jitter left out."""
    at = now()
    end = None if until is None else instant_in("--until", until, at)
    most = limit or (20 if end is None else _MOST_TICKS)

    async def look(scheduler: Scheduler) -> list[tuple[datetime, str]]:
        names = [scheduler._reach(task)[0].name] if task else list(scheduler.tasks)
        statuses = [await scheduler.status(name) for name in names]
        coming = [each.name for each in statuses if task or each.state in _COMING]
        found = [each for name in coming for each in _upcoming(scheduler, name, end, most)]
        if left_out := [each.name for each in statuses if each.name not in coming]:
            note(f"not due, for they are paused or over: {', '.join(left_out)}")
        return sorted(found)[:most]

    ticks = observed(app, look)
    if as_json:
        print_json([{"task": name, "due": instant_shape(due)} for due, name in ticks])
    elif not ticks:
        note("nothing is due" if until is None else f"nothing is due before {until}")
    else:
        console().print(tick_table(ticks, at))
        if len(ticks) == most and not limit:
            note(f"only the first {most}; pass --limit for more")


def history(
    task: OptionalTask = None, app: AppOption = None, as_json: AsJson = False, limit: Limit = 20
) -> None:
    """Show the latest runs, and the ticks that were skipped, newest first."""

    async def look(scheduler: Scheduler) -> list[Run]:
        names = [task] if task else list(scheduler.tasks)
        runs = [run for name in names for run in await scheduler.history(name, limit=limit)]
        return sorted(runs, key=_ended, reverse=True)[:limit]

    runs = observed(app, look)
    if as_json:
        print_json([run_shape(run) for run in runs])
    elif not runs:
        note("nothing has run yet")
    else:
        console().print(run_table(runs, now(), named=task is None))


async def _with_statuses(scheduler: Scheduler) -> tuple[Scheduler, list[TaskStatus]]:
    return scheduler, await scheduler.status()


async def _watch(scheduler: Scheduler, *, as_json: bool) -> None:
    """Show how the tasks stand, again and again, until Ctrl-C."""
    before: object = None
    async with observing(scheduler):
        with Live(console=console(), auto_refresh=False) as live:
            while True:
                await scheduler._look_again()
                statuses = await scheduler.status()
                if not as_json:
                    live.update(status_table(statuses, scheduler.tasks, now()), refresh=True)
                elif (shapes := _shapes(scheduler, statuses)) != before:
                    print_json(shapes)
                    before = shapes
                await moment(_TURN)


def _shapes(scheduler: Scheduler, statuses: list[TaskStatus]) -> list[dict[str, object]]:
    return [task_shape(each, scheduler.tasks[each.name]) for each in statuses]


def _upcoming(
    scheduler: Scheduler, name: str, end: datetime | None, most: int
) -> list[tuple[datetime, str]]:
    standing, _ = scheduler._reach(name)
    found: list[tuple[datetime, str]] = []
    due = standing.next_due
    while due is not None and len(found) < most and (end is None or instant_of(due) <= end):
        found.append((instant_of(due), name))
        due = None if standing.has_delay else standing.ticks.after(due)
    return found


def _ended(run: Run) -> datetime:
    return run.finished or run.last_due
