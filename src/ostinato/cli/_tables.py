"""Tasks, instants and runs as tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ostinato._outcomes import Outcome
from ostinato._policy import Scope
from ostinato._status import TaskState
from ostinato.cli._printing import styled
from ostinato.cli._words import distance, plain, shown, taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ostinato._run import Run
    from ostinato._status import TaskStatus
    from ostinato._task import Task

__all__ = ["run_table", "status_table", "tick_table"]

_STATES = {
    TaskState.WAITING: ("○", "default"),
    TaskState.RUNNING: ("●", "bold blue"),
    TaskState.PAUSED: ("‖", "yellow"),
    TaskState.FINISHED: ("✓", "dim"),
    TaskState.STOPPED: ("■", "bold red"),
    TaskState.DISABLED: ("·", "dim"),
}
_OUTCOMES = {
    Outcome.SUCCEEDED: ("✓", "green"),
    Outcome.SKIPPED: ("·", "dim"),
    Outcome.CANCELLED: ("⊘", "yellow"),
}
_FAILED = ("✗", "bold red")
_ON_TIME = timedelta(seconds=10)
# The columns that stay on one line; what is in the others may be long.
_UNBROKEN = ("due (UTC)", "next run", "last run", "latest", "outcome", "took", "late", "ended")


def status_table(
    statuses: Sequence[TaskStatus], tasks: Mapping[str, Task], at: datetime, *, drawn: int
) -> Table:
    """Return one line for each task: its state, its next run, its last one, and *drawn* others."""
    table = _table("task", "schedule", "state", "next run", "last run", "latest")
    for status in sorted(statuses, key=lambda each: each.name):
        table.add_row(
            styled(status.name, "bold"),
            styled(status.schedule),
            _state(status, tasks[status.name]),
            _next(status, at),
            _last(status, at),
            _strip(status.recent[:drawn]),
        )
    return table


def tick_table(ticks: Sequence[tuple[datetime, str]], at: datetime) -> Table:
    """Return one line for each instant at which a task is due."""
    table = _table("due (UTC)", "", "task")
    for instant, name in ticks:
        table.add_row(shown(instant), Text(distance(instant, at), style="dim"), styled(name))
    return table


def run_table(runs: Sequence[Run], at: datetime, *, named: bool) -> Table:
    """Return one line for each run, or range of skipped ticks."""
    table = _table(
        *(("task",) if named else ()), "due (UTC)", "outcome", "took", "late", "ended", ""
    )
    for run in runs:
        mark, style = _mark(run)
        words = f"{mark} {run.outcome or 'running'}"
        if run.count > 1:
            words += f", {run.count} ticks"
        said = run.error or (str(run.reason) if run.reason else "") or run.message or ""
        table.add_row(
            *([styled(run.task_name, "bold")] if named else []),
            shown(run.due),
            Text(words, style=style),
            taken(run.duration),
            taken(run.lateness) if run.lateness and run.lateness.total_seconds() > 1 else "",
            "" if run.finished is None else distance(run.finished, at),
            styled(said.partition("\n")[0], "dim"),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _UNBROKEN)
    return table


def _state(status: TaskStatus, task: Task) -> Text:
    if task.policy.scope is Scope.PROCESS and status.state is TaskState.DISABLED:
        return Text("in every worker", style="dim")
    mark, style = _STATES[status.state]
    words = Text(f"{mark} {status.state}", style=style)
    if status.failures_in_row:
        words.append(f", ✗ {status.failures_in_row}", style="bold red")
    if status.is_stuck:
        words.append(", stuck", style="bold red")
    if status.reason:
        words.append(f": {plain(status.reason)}", style="dim")
    return words


def _next(status: TaskStatus, at: datetime) -> Text:
    due = status.next_run
    if due is None:
        return Text("")
    if at - due > _ON_TIME:
        return Text(f"late, {distance(due, at)}", style="bold red")
    return Text(distance(max(due, at), at))


def _last(status: TaskStatus, at: datetime) -> Text:
    run = status.last_run
    if run is None:
        return Text("never", style="dim")
    mark, style = _mark(run)
    words = Text(f"{mark} ", style=style)
    words.append("" if run.finished is None else distance(run.finished, at), style="default")
    if run.duration is not None:
        words.append(f", {taken(run.duration)}", style="dim")
    return words


def _strip(runs: Sequence[Run]) -> Text:
    """Return a mark for each of *runs*, the newest at the end."""
    strip = Text(no_wrap=True)
    for run in reversed(runs):
        mark, style = _mark(run)
        strip.append(mark, style=style)
    return strip


def _mark(run: Run) -> tuple[str, str]:
    if run.outcome is None:
        return "●", "bold blue"
    return _OUTCOMES.get(run.outcome, _FAILED)
