"""Prepare a task to be run: bind its schedule, and choose how its time is counted."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from ostinato._duration import MILLISECOND
from ostinato._engine._standing import Standing
from ostinato._engine._ticks import DelayTicks, GridTicks, ScheduleTicks
from ostinato._engine._timeline import Timeline
from ostinato._instants import instant_of, milliseconds_of
from ostinato._policy import Missed, OnCrash, Overlap
from ostinato._task import Task
from ostinato.protocols import Schedule
from ostinato.schedules import Cron, Delay, Every, Jittered

__all__ = [
    "begin",
    "bind",
    "choose_timeline",
    "first_due",
    "is_interval",
    "jittered_as_declared",
    "prepare",
    "timeline_of",
]


def prepare(task: Task) -> Standing:
    """Return how *task* stands before its first start: all that follows from its declaration."""
    standing = Standing(task)
    policy, schedule = task.policy, task.schedule
    standing.is_bounded = policy.until is not None or policy.max_runs is not None
    standing.is_thread_bound = task.is_shared and task.runs_in_thread
    standing.concurrency = task.concurrency
    standing.reruns = task.is_shared and policy.on_crash is OnCrash.RERUN
    standing.spec = task.spec if task.is_shared else ""
    standing.is_plain = (
        # Of a thread the time counts from when it has begun.
        (policy.timeout is None if task.runs_in_thread else task.function.is_async)
        and not task.parameters.runs
        and not task.parameters.has_dependencies
    )
    if isinstance(schedule, Every) and schedule.anchor is None:
        standing.period = schedule.period // MILLISECOND
        standing.is_quick = is_quick(standing)
        if not isinstance(policy.start, datetime) and not standing.is_bounded:
            standing.is_interval, standing.first_wait = True, policy.start
    return standing


def begin(standing: Standing, now: int, begun: int, steady: Timeline) -> int:
    """Let an interval that nothing ends begin *now*, or its `start` after *begun*; return when.

    The common case of `first_due` and `bind`, for a hundred thousand tasks at once.
    """
    wait = standing.first_wait
    due = now if wait is None else begun + wait
    standing.timeline = steady
    standing.next_due = standing.anchor = due
    return due


def choose_timeline(
    standing: Standing, schedule: Schedule, steady: Timeline, calendar: Timeline
) -> None:
    """Count the time of *schedule* by the clock that decides it."""
    inner = schedule.inner if isinstance(schedule, Jittered) else schedule
    standing.timeline = timeline_of(schedule, steady, calendar)
    standing.has_delay = isinstance(inner, Delay)


def timeline_of(schedule: Schedule, steady: Timeline, calendar: Timeline) -> Timeline:
    """Return the one of the two timelines whose clock decides when *schedule* is due."""
    return steady if is_interval(schedule) else calendar


def first_due(
    task: Task, schedule: Schedule, now: float, *, begun: float | None = None
) -> int | None:
    """Return the first instant at which *task* is due if it is registered at *now*.

    What counts from its first start is due at once, or at the policy's `start`; what follows the
    calendar, at its first match strictly after.

    Args:
        task: The task.
        schedule: Its schedule, not bound yet.
        now: The time, in milliseconds.
        begun: The instant that the policy's `start` counts from; by default *now*.

    Raises:
        Exception: Whatever a schedule of the user's own raises, or what is wrong with its answer.
    """
    start = task.policy.start
    begin = -int(-now // 1)
    if isinstance(start, datetime):
        begin = milliseconds_of(start)
    elif start is not None:
        begin = -int(-(now if begun is None else begun) // 1) + start
    inner = schedule.inner if isinstance(schedule, Jittered) else schedule
    if isinstance(inner, Every) and inner.anchor is None:
        period = inner.period // MILLISECOND
        # An instant of the past tells the grid: what lies before the declaration was not missed.
        late = max(-int((begin - now) // period), 0)
        return begin + late * period
    if isinstance(inner, Delay):
        return max(begin, -int(-now // 1))
    bound = schedule.anchored(instant_of(begin))
    # What has a part that counts from its start may be due at it; a calendar is not due at once,
    # for it does not run because it was deployed.
    earliest = max(begin - 1, now if bound == schedule else -int(-now // 1) - 1)
    return ScheduleTicks(bound).after(earliest)


def bind(standing: Standing, schedule: Schedule, anchor: int | None) -> None:
    """Bind *schedule* to its *anchor*, and count its ticks from there."""
    standing.unbound = schedule
    if anchor is not None:
        schedule = schedule.anchored(instant_of(anchor))
    standing.schedule = schedule
    standing.jitter = None
    inner = schedule
    if isinstance(schedule, Jittered):
        standing.jitter = partial(_jitter, schedule, standing.task.name)
        inner = schedule.inner
    standing.cron = inner if isinstance(inner, Cron) else None
    standing.period = 0
    if isinstance(inner, Every) and inner.anchor is not None:
        standing.period = inner.period // MILLISECOND
        standing.ticks = GridTicks(milliseconds_of(inner.anchor), standing.period)
    elif isinstance(inner, Delay):
        standing.ticks = DelayTicks(inner.period // MILLISECOND)
    else:
        standing.ticks = ScheduleTicks(schedule)
    standing.anchor = anchor
    standing.is_quick = is_quick(standing)


def jittered_as_declared(standing: Standing, schedule: Schedule) -> Schedule:
    """Return *schedule* with the jitter that the task was declared with, unless it has its own."""
    declared = standing.task.schedule
    if isinstance(declared, Jittered) and not isinstance(schedule, Jittered):
        # A policy of the task, as its others are.
        return replace(declared, inner=schedule)
    return schedule


def is_quick(standing: Standing) -> bool:
    """Return whether a tick on time is run, and followed by the next, without further thought."""
    policy = standing.task.policy
    return (
        standing.period > 0
        and standing.concurrency == 1
        and policy.overlap is Overlap.SKIP
        # However late it is within its period, it is run.
        and policy.missed is not Missed.SKIP
        and policy.catch_up is None
        and not standing.is_bounded
    )


def is_interval(schedule: Schedule) -> bool:
    """Return whether *schedule* counts from its start; a grid of its own is a calendar's."""
    inner = schedule.inner if isinstance(schedule, Jittered) else schedule
    return isinstance(inner, Delay) or (isinstance(inner, Every) and inner.anchor is None)


def _jitter(schedule: Jittered, task_name: str, due: int) -> int:
    return schedule.jitter_at(task_name, instant_of(due)) // MILLISECOND
