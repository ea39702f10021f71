"""What a worker and its store tell each other of a task: its declaration there, its row back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._duration import MILLISECOND
from ostinato._engine._prepare import bind, choose_timeline, is_interval, jittered_as_declared
from ostinato._instants import instant_of
from ostinato._lease import Registration, TaskRow
from ostinato.errors import InvalidScheduleError
from ostinato.schedules import Every, Jittered
from ostinato.schedules._reading import schedule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ostinato._engine._keepalive import Held
    from ostinato._engine._settling import Settling
    from ostinato._engine._standing import Standing
    from ostinato._engine._timeline import Timeline
    from ostinato._run import Run
    from ostinato.protocols import Schedule

__all__ = [
    "adopt",
    "check_told",
    "come_earlier",
    "follow",
    "heed_pause",
    "registrations_of",
    "runs_of",
]


def registrations_of(
    standings: list[Standing],
    grace: int = 30_000,
    revision: int | None = None,
    *,
    attends: bool = True,
) -> list[Registration]:
    """Return what a store is told of the tasks: *grace* is in milliseconds."""
    return [
        Registration(
            each.name,
            each.spec,
            each.next_due,
            each.task.formerly,
            revision,
            period=_period_of(each.task.schedule),
            grace=grace,
            attends=attends,
        )
        for each in standings
    ]


def follow(standing: Standing, row: TaskRow, timeline: Timeline) -> None:
    """Let a task follow the schedule and the grid that its *row* names, by the store's time.

    Raises:
        InvalidScheduleError: No schedule of this version has that text.
    """
    if row.schedule == standing.followed:
        if is_interval(standing.unbound) and row.anchor not in (None, standing.anchor):
            # The same period, on a grid that another worker has moved.
            bind(standing, standing.unbound, row.anchor)
            standing.next_due = row.next_due
        return
    schedule = standing.task.schedule
    if row.schedule is not None:
        schedule = jittered_as_declared(standing, schedule_of(row.schedule))
    choose_timeline(standing, schedule, timeline, timeline)
    bind(standing, schedule, row.anchor)
    standing.followed, standing.next_due = row.schedule, row.next_due


def come_earlier(standing: Standing, row: TaskRow) -> None:
    """Await the tick of a task's *row* that somebody has written before the one awaited here."""
    due, awaited = row.next_due, standing.next_due
    if due is not None and awaited is not None and due < awaited and not standing.running:
        standing.next_due = due


def heed_pause(
    standing: Standing,
    row: TaskRow,
    settling: Settling,
    on_next: Callable[[Standing], object],
    tell: Callable[..., object],
) -> None:
    """Let a task be paused, or go on, as its *row* says, and *tell* of it."""
    is_paused = standing.is_paused
    if is_paused and not row.paused:
        standing.next_due = row.next_due
        settling.note_resumed(standing)
        return
    if row.paused:
        standing.is_paused, standing.paused_reason = True, row.paused_reason
        standing.paused_until = row.paused_until
        settling.paused.add(standing)
        standing.timeline.agenda.remove(standing)
        on_next(standing)
    if row.paused and not is_paused:
        tell("ostinato.task_paused", standing.name, reason=row.paused_reason or "on request")


def adopt(
    standing: Standing, row: TaskRow, settling: Settling, on_next: Callable[[Standing], object]
) -> None:
    """Let a task stand as its *row* says that was there before."""
    standing.is_paused, standing.paused_reason = row.paused, row.paused_reason
    standing.paused_until = row.paused_until
    if row.paused:
        settling.paused.add(standing)
    standing.starts, standing.failures_in_row = row.starts, row.failures_in_row
    standing.last_success = row.last_success
    if row.next_due != standing.next_due and not standing.is_over:
        standing.next_due = row.next_due
        bind(standing, standing.task.schedule, row.anchor)
        # What the row names instead, if it does, is followed from here.
        standing.followed = None
        on_next(standing)


def check_told(schedule: Schedule, text: str) -> None:
    """Check that other workers can read *schedule* from its *text*: anchors are not in it.

    Raises:
        InvalidScheduleError: They cannot.
    """
    inner = schedule.inner if isinstance(schedule, Jittered) else schedule
    begin = instant_of(0)
    is_grid = isinstance(inner, Every)
    if not is_grid and schedule_of(text).anchored(begin) != inner.anchored(begin):
        reason = f"{schedule.describe()!r} has parts with grids of their own, which others cannot"
        raise InvalidScheduleError(f"{reason} know; leave them without an anchor")


def _period_of(schedule: Schedule) -> int | None:
    """Return the period in milliseconds of what counts from its first tick; None: it does not."""
    inner = schedule.inner if isinstance(schedule, Jittered) else schedule
    return (
        inner.period // MILLISECOND if isinstance(inner, Every) and inner.anchor is None else None
    )


def runs_of(standings: Mapping[str, Standing], held: Held) -> list[tuple[Standing, Run]]:
    """Return the runs here that have the lease *held*, and how their task stands."""
    name, token = held
    standing = standings.get(name)
    if standing is None:
        return []
    return [(standing, run) for run in tuple(standing.live) if run.token == token]
