"""`list`, `next` and `history`: how the tasks of a fleet stand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from ostinato._outcomes import Outcome
from ostinato._status import TaskState
from ostinato.cli._observing import observed, observing
from ostinato.cli._options import AppOption, AsJson, OptionalTask, found_here
from ostinato.cli._printing import TEXTS, console, note, print_json
from ostinato.cli._shapes import task_of
from ostinato.cli._tables import run_table, status_table, tick_table
from ostinato.cli._waiting import moment
from ostinato.cli._words import instant_in, now
from ostinato.dashboard._shapes import instant_text, run_shape

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
# How many of the latest runs are drawn, and told.
_DRAWN, _TOLD = 12, 20
_COMING = (TaskState.WAITING, TaskState.RUNNING)


def list_tasks(
    app: AppOption = None,
    as_json: AsJson = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on, and show what changes.")
    ] = False,
) -> None:
    """Show every task: its state, its next run and its last ones."""
    if watch:
        with suppress(KeyboardInterrupt):
            asyncio.run(_watch(found_here(app).scheduler, as_json=as_json))
        return

    async def look(scheduler: Scheduler) -> tuple[Scheduler, list[TaskStatus]]:
        return scheduler, await scheduler.status(recent=_TOLD)

    scheduler, statuses = observed(app, look)
    if as_json:
        print_json([task_of(scheduler, each) for each in statuses])
    elif not statuses:
        note("there are no tasks: import the modules that declare them where --app points to")
    else:
        console().print(status_table(statuses, scheduler.tasks, now(), drawn=_DRAWN))


def next_runs(
    task: OptionalTask = None,
    app: AppOption = None,
    as_json: AsJson = False,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="SPAN", help="Up to then: 90m, 7d, or an instant."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, max=1_000, help="How many at most.")
    ] = None,
) -> None:
    """Show when tasks are due next, their jitter left out."""
    at = now()
    end = None if until is None else instant_in("--until", until, at)
    most = limit or (20 if end is None else _MOST_TICKS)

    async def look(scheduler: Scheduler) -> list[tuple[datetime, str]]:
        statuses = [await scheduler.status(task)] if task else await scheduler.status()
        coming = [each.name for each in statuses if task or each.state in _COMING]
        found = [
            (due, name) for name in coming for due in await scheduler.upcoming(name, most, end)
        ]
        if left_out := [each.name for each in statuses if each.name not in coming]:
            note(f"not due, for they are paused or over: {', '.join(left_out)}")
        late = sorted({name for due, name in found if due < at})
        if late:
            note(f"late, for no worker has started them yet: {', '.join(late)}")
        return sorted(each for each in found if each[0] >= at)[:most]

    ticks = observed(app, look)
    if as_json:
        print_json([{"task": name, "due": instant_text(due)} for due, name in ticks])
    elif not ticks:
        note("nothing is due" if until is None else f"nothing is due before {until}")
    else:
        console().print(tick_table(ticks, at))
        if len(ticks) == most and not limit:
            note(f"only the first {most}; pass --limit for others")


def history(
    task: OptionalTask = None,
    app: AppOption = None,
    as_json: AsJson = False,
    outcome: Annotated[
        list[Outcome] | None, typer.Option("--outcome", help="Only with this one, or these.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="SPAN", help="Only from then on: 90m, 7d ago.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at most.")
    ] = 20,
) -> None:
    """Show the latest runs, and the ticks that were skipped, newest first."""
    begin = None if since is None else instant_in("--since", since, now(), is_past=True)

    async def look(scheduler: Scheduler) -> list[Run]:
        return await scheduler.history(task, limit=limit, outcomes=outcome or (), since=begin)

    runs = observed(app, look)
    if as_json:
        print_json([run_shape(run, TEXTS) for run in runs])
    elif not runs:
        note("there are no such runs" if outcome or since else "nothing has run yet")
    else:
        console().print(run_table(runs, now(), named=task is None))


async def _watch(scheduler: Scheduler, *, as_json: bool) -> None:
    """Show how the tasks stand, again and again, until Ctrl-C."""
    before: object = None
    async with observing(scheduler):
        with Live(console=console(), auto_refresh=False) as live:
            while True:
                await scheduler._look_again()
                statuses = await scheduler.status(recent=_TOLD)
                if not as_json:
                    table = status_table(statuses, scheduler.tasks, now(), drawn=_DRAWN)
                    live.update(table, refresh=True)
                elif (shapes := [task_of(scheduler, each) for each in statuses]) != before:
                    print_json(shapes)
                    before = shapes
                await moment(_TURN)
