"""`health` and `workers`: whether the fleet works, and who does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ostinato.cli._observing import observed
from ostinato.cli._options import AppOption, AsJson
from ostinato.cli._printing import EXIT_FAILED, TEXTS, console, note, print_json, styled
from ostinato.cli._words import distance, now
from ostinato.dashboard._shapes import health_shape, worker_shape

if TYPE_CHECKING:
    from ostinato._health import Health
    from ostinato._scheduler import Scheduler
    from ostinato._status import WorkerStatus

__all__ = ["health", "workers"]

_STYLES = {"ok": "bold green", "degraded": "bold yellow", "failing": "bold red"}


def health(app: AppOption = None, as_json: AsJson = False) -> None:
    """Say whether the tasks run as they ought to; exit with 1 where they do not."""

    async def look(scheduler: Scheduler) -> Health:
        return await scheduler.health()

    found = observed(app, look)
    if as_json:
        print_json(health_shape(found, TEXTS))
    else:
        out, at = console(), now()
        out.print(Text(found.status.value, style=_STYLES[found.status.value]))
        for problem in found.problems:
            line = Text("  ").append(f"{problem.kind.value}: ", style="bold")
            if problem.task_name is not None:
                line.append_text(styled(f"{problem.task_name} ", "bold"))
            line.append_text(styled(problem.words))
            if problem.since is not None:
                line.append(f" (since {distance(problem.since, at)})", style="dim")
            out.print(line)
    sys.exit(0 if found.is_healthy else EXIT_FAILED)


def workers(app: AppOption = None, as_json: AsJson = False) -> None:
    """Show the workers that share the store, and what each runs."""

    async def look(scheduler: Scheduler) -> list[WorkerStatus]:
        return await scheduler.workers()

    found = observed(app, look)
    if as_json:
        print_json([worker_shape(each, TEXTS) for each in found])
        return
    if not found:
        note("no worker is there")
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("host", "pid", "state", "started", "version", "tasks", "runs"):
        table.add_column(column, overflow="fold")
    at = now()
    for each in found:
        state = Text("alive", style="green")
        if not each.is_alive:
            state = Text(f"silent, seen {distance(each.seen, at)}", style="bold red")
        runs = ", ".join(run.task_name for run in each.running)
        table.add_row(
            styled(each.host),
            str(each.pid),
            state,
            distance(each.started, at),
            styled(each.version),
            str(each.tasks),
            styled(runs, "bold blue"),
        )
    console().print(table)
