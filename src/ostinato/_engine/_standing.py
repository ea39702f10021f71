"""How one task stands in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._engine._ticks import GridTicks
from ostinato._instants import instant_of
from ostinato._ledger import Ledger, begun_run, run_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ostinato._engine._deadline import Deadline
    from ostinato._engine._jobs import Job
    from ostinato._engine._ticks import Ticks
    from ostinato._engine._timeline import Timeline
    from ostinato._lease import TaskRow
    from ostinato._ledger import Start, Success
    from ostinato._run import Run
    from ostinato._task import Task
    from ostinato.protocols import Injection, Schedule
    from ostinato.schedules import Cron

__all__ = ["Standing"]


class _Touched:
    """What each tick of a task touches: side by side in memory, where a tick finds it cold."""

    __slots__ = (
        "begun",
        "entry",
        "failures_in_row",
        "function",
        "is_paused",
        "is_plain",
        "is_quick",
        "is_shared",
        "is_thread_bound",
        "is_threaded",
        "jitter",
        "kept",
        "last_success",
        "latest",
        "ledger",
        "name",
        "next_due",
        "pending",
        "period",
        "row",
        "running",
        "spread",
        "starts",
        "timeline",
    )


class Standing(_Touched):
    """What changes of one task while a scheduler runs: one object with one owner, the engine."""

    # There may be a hundred thousand of them.
    __slots__ = (
        "_live",
        "_schedule",
        "_ticks",
        "anchor",
        "behind",
        "concurrency",
        "cron",
        "first_wait",
        "followed",
        "gaps_until",
        "has_delay",
        "injection",
        "is_bounded",
        "is_completed",
        "is_interval",
        "is_joined",
        "is_last",
        "is_over",
        "is_parked",
        "is_quarantined",
        "is_queued",
        "last_tick",
        "over_reason",
        "paused_reason",
        "paused_until",
        "reruns",
        "spec",
        "started_tick",
        "task",
        "unbound",
        "waits_since",
        "zombies",
    )

    def __init__(self, task: Task) -> None:  # noqa: PLR0915 - one thing for each of them
        """Stand at the beginning."""
        self.task = task
        # The instant at which it stands on the agenda; None: it does not.
        self.entry: int | None = None
        self.function = task.function.function
        self.name = task.name
        # The grid's period in milliseconds where everything follows from it; else 0.
        self.period = 0
        # Whether its function is called in a thread.
        self.is_threaded = task.runs_in_thread
        # The instant that its schedule is bound to.
        self.anchor: int | None = None
        self.next_due: int | None = None
        # Of an interval: how many milliseconds after the start it is first due; None: at once.
        self.first_wait: int | None = None
        # How much later than due its first tick is started, not to start with all others.
        self.spread = 0
        self.running = 0
        self.starts = 0
        self.failures_in_row = 0
        self.last_success: int | None = None
        # The latest tick that was started by any worker, where others share the store.
        self.last_tick: int | None = None
        # The latest one that was started here.
        self.started_tick: int | None = None
        # Whether a tick waits for the end of the run under way.
        self.is_parked = False
        # Up to when ticks were missed that are run one behind the other, where others run side by
        # side; and over how many milliseconds these lie.
        self.behind: tuple[float, float] | None = None
        # Since when it waits for the end of runs that it has cancelled, on the monotonic clock.
        self.waits_since: float | None = None
        # Whether the next tick waited for a run to end: it runs, however many came behind it.
        self.is_queued = False
        self.is_paused = False
        self.is_over = False
        # Whether its `on_complete` has been called.
        self.is_completed = False
        # Whether the latest tick that was started is the last one there is.
        self.is_last = False
        # Whether it is declared for the cluster, and so the store's.
        self.is_shared = task.is_shared
        # Whether a tick on time is run, and followed by the next, without a further thought.
        self.is_quick = False
        self.spec = ""
        # The text of the schedule that it follows instead of the declared one.
        self.followed: str | None = None
        # What a store of this very process holds of it.
        self.row: TaskRow | None = None
        # Whether the store that it shares with others knows of it.
        self.is_joined = True
        # Whether its function is called with nothing, at once: the common case.
        self.is_plain = False
        # Whether the next instant follows from the end of a run.
        self.has_delay = False
        # Whether it counts from its start, on a grid that nothing ends.
        self.is_interval = False
        # Whether its ticks end, by `until` or by `max_runs`.
        self.is_bounded = False
        # Whether a tick is claimed only while a thread is free.
        self.is_thread_bound = False
        self.concurrency: int | None = 1
        # Whether a run whose worker died is gone on with.
        self.reruns = False
        # Its cron, if it follows one, and up to when times that have vanished were recorded.
        self.cron: Cron | None = None
        self.gaps_until: int | None = None
        self.jitter: Callable[[int], int] | None = None
        self.injection: Injection | None = None
        self._live: dict[Run, asyncio.Task[None] | Job] | None = None
        self.ledger: Ledger | None = None
        # The latest run that has ended, or the record of it.
        self.latest: Run | Success | None = None
        # Of the plain run under way: when it began; what it waits in, as long as nobody has asked
        # for it; then itself, and the end of its time.
        self.begun: float | None = None
        self.pending: tuple[Start, asyncio.Task[None] | Job] | None = None
        self.kept: tuple[Run, Deadline | None] | None = None
        self.zombies = 0
        self.is_quarantined = False
        self.paused_reason: str | None = None
        self.paused_until: int | None = None
        self.over_reason: str | None = None
        # The schedule that it follows, without an anchor.
        self.unbound = task.schedule
        # Bound when they are asked for: a task that is on time needs neither.
        self._ticks: Ticks | None = None
        self._schedule: Schedule | None = None
        self.timeline: Timeline

    @property
    def schedule(self) -> Schedule:
        """The schedule, bound to its anchor."""
        if self._schedule is None:
            self._schedule = self.unbound
            if self.anchor is not None:
                self._schedule = self._schedule.anchored(instant_of(self.anchor))
        return self._schedule

    @schedule.setter
    def schedule(self, schedule: Schedule) -> None:
        self._schedule = schedule

    @property
    def ticks(self) -> Ticks:
        """The instants at which it is due; of a grid, unless they were set."""
        if self._ticks is None:
            self._ticks = GridTicks(self.anchor or 0, self.period)
        return self._ticks

    @ticks.setter
    def ticks(self, ticks: Ticks) -> None:
        self._ticks = ticks

    @property
    def live(self) -> dict[Run, asyncio.Task[None] | Job]:
        """The runs under way, and what each of them waits in."""
        if self.pending is not None:
            # Most end before anybody asks for them.
            (start, task), self.pending = self.pending, None
            begun = self.begun
            run = begun_run(start, None if begun is None else self.timeline.at(begun))
            if not self.is_threaded:
                self.kept = run, None
            self.watch(run, task)
        return self._live or {}

    def watch(self, run: Run, task: asyncio.Task[None] | Job) -> None:
        """Know the *run* as one that is under way in its *task*."""
        if self._live is None:
            self._live = {}
        self._live[run] = task

    @property
    def last_run(self) -> Run | None:
        """The latest run that has ended."""
        if isinstance(self.latest, tuple):
            self.latest = run_of(self.latest)
        return self.latest

    @property
    def records(self) -> Ledger:
        """What this process remembers of the task's ticks."""
        if self.ledger is None:
            self.ledger = Ledger()
        return self.ledger

    def reason_to_pause(self) -> str | None:
        """Return why the task is to be paused for its failures; None: it is not."""
        limit = self.task.policy.pause_after_failures
        if limit is None or self.is_paused or self.failures_in_row < limit:
            return None
        return f"{limit} failures in a row"

    def is_used_up(self, row: TaskRow) -> bool:
        """Return whether others have had the last tick, as the task's *row* says."""
        limit = self.task.policy.max_runs
        return row.next_due is None or (limit is not None and row.starts >= limit)

    def end_at(self, until: int | None) -> None:
        """Forget the next tick, if it lies behind *until*."""
        if until is not None and self.next_due is not None and self.next_due > until:
            self.next_due = None

    def delay_of(self, due: int) -> int:
        """Return how many milliseconds after *due* its tick is to be started."""
        return self.spread if self.jitter is None else self.spread + self.jitter(due)
