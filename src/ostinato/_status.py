"""How a task stands, for those who ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ostinato._run import Run

__all__ = ["Orphan", "TaskState", "TaskStatus", "WorkerStatus"]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A task that no worker has declared for a week.

    Attributes:
        name: Its name.
        schedule: The text of its schedule.
        last_seen: When a worker that declares it was seen last, to the hour.
    """

    name: str
    schedule: str
    last_seen: datetime


class TaskState(StrEnum):
    """What a task is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """How one task stands.

    Attributes:
        name: Its name.
        schedule: When it is due, in words.
        state: What it is doing.
        next_run: When it is due next, jitter included; None: not by itself.
        running: The runs under way, of all workers that share the store.
        last_run: The latest run that has ended.
        last_success: The instant of the latest tick whose run succeeded.
        starts: How many runs were started by ticks.
        failures_in_row: How many of the latest runs failed, one behind the other.
        counts: How many ticks ended in which outcome or skip reason.
        reason: Why it is paused, stopped or finished.
        paused_until: When its pause ends by itself.
        is_stuck: Whether a run is under way for much longer than it ought to be.
        zombies: How many threads of this process go on behind runs that are over.
        recent: The latest records, the newest first: as many as were asked for.
        schedule_text: The text of its schedule, which `reschedule` takes.
    """

    name: str
    schedule: str
    state: TaskState
    next_run: datetime | None
    running: tuple[Run, ...]
    last_run: Run | None
    last_success: datetime | None
    starts: int
    failures_in_row: int
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    reason: str | None = None
    paused_until: datetime | None = None
    is_stuck: bool = False
    zombies: int = 0
    recent: tuple[Run, ...] = ()
    schedule_text: str = ""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """How one worker stands: a process's running scheduler.

    Attributes:
        id: Its id, fresh for every start; `run.worker` is the same.
        host: The name of its machine.
        pid: Its process id there.
        started: When it began.
        seen: When the store heard of it last.
        version: The version of the library that it runs.
        tasks: How many tasks it declares that are not of each process.
        running: The runs that it has under way.
        is_alive: Whether it was seen lately: one that was not is dead, or cut off.
    """

    id: str
    host: str
    pid: int
    started: datetime
    seen: datetime
    version: str
    tasks: int
    running: tuple[Run, ...] = ()
    is_alive: bool = True
