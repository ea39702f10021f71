"""The common case of a tick, in one straight piece: on time, on a grid, with nothing to supply.

What is out of the ordinary (a body that waits, fails, or takes longer than its period) is handed
over to the `Performer`, and goes the way of all other runs.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial

from ostinato._engine._attempt import First
from ostinato._engine._deadline import Deadline
from ostinato._engine._environment import Environment
from ostinato._engine._jobs import Job, Returned
from ostinato._engine._perform import Performer
from ostinato._engine._spawn import eager_spawner
from ostinato._engine._standing import Standing
from ostinato._engine._starving import Starving
from ostinato._engine._survey import note_success
from ostinato._ledger import Start, begun_run
from ostinato._run import Run
from ostinato.stores.memory import MemoryStore

__all__ = ["Quick"]

# Whether a body that waits for nothing has ended when its task has been made.
_IS_EAGER = sys.version_info >= (3, 12)

# What is returned is ignored, unless it is to be awaited, or is a generator.
_PLAIN = (type(None), bool, int, float, str, list, dict, tuple)


class Quick:
    """Runs ticks that need no further thought; spares them a `Run`, a claim and a settlement."""

    __slots__ = (
        "_begin",
        "_copy_context",
        "_end",
        "_loop",
        "_monotonic",
        "_namespace",
        "_on_next",
        "_performer",
        "_spawn",
        "_starving",
        "_survey",
        "_telling",
        "_threads",
        "has_jobs",
        "is_allowed",
    )

    def __init__(
        self,
        environment: Environment,
        store: object,
        performer: Performer,
        *,
        starving: Starving,
        on_next: Callable[[Standing], object],
    ) -> None:
        """Run with *environment*.

        Args:
            environment: The loop and the clock.
            store: Is asked directly, if it is this process's own memory.
            performer: Takes over what is not done at once.
            starving: Whose ticks wait for a thread, which may be free again.
            on_next: Is told of a task whose next tick is known, to put it on the agenda.
        """
        inline = store if isinstance(store, MemoryStore) else None
        self._begin = None if inline is None else inline.begin
        self._end = None if inline is None else inline.end
        self._loop = environment.loop
        self._monotonic = environment.clock.monotonic
        self._copy_context = environment.context.copy
        self._namespace = environment.namespace
        self._performer = performer
        self._survey = performer.survey
        self._spawn = eager_spawner(environment.loop)
        self._starving = starving
        self._threads = environment.threads
        self._telling = environment.telling
        self._on_next = on_next
        # Whether there are jobs that no thread knows of yet.
        self.has_jobs = False
        # Whoever is told of successes is told of a `Run`.
        self.is_allowed = not environment.telling.who_wants("ostinato.run_succeeded")

    def run(self, standing: Standing, due: int, now: float) -> bool:
        """Run the tick *due* of a task that nothing else is under way of, if it can be had.

        It is *now*, less than a period later.
        """
        token, following = 0, due + standing.period
        if standing.is_shared:
            if self._begin is None or standing.row is None:
                return False
            token = self._begin(standing.row, standing.spec, due, following, now)
            if not token:
                return False
        standing.next_due = following
        standing.running += 1
        standing.starts += 1
        start_at = None
        if standing.spread or standing.jitter is not None:
            start_at = due + standing.delay_of(due)
            standing.spread = 0
        start = (standing.name, due, self._namespace, token, start_at, standing.last_success)
        if standing.is_threaded:
            self._run_in_thread(standing, start)
            if standing.is_thread_bound:
                self._starving.keep_promise()
            return True
        task = self._spawn(self._perform(standing, start), self._copy_context(), standing.name)
        if not task.done():
            self._keep(standing, start, task)
        return True

    def queue_jobs(self) -> None:
        """Let threads take the jobs that were put off."""
        self.has_jobs = False
        self._threads.queue_all()

    def _keep(self, standing: Standing, start: Start, task: "asyncio.Task[None]") -> None:
        """Know a run as under way that waits for something."""
        if standing.kept is not None:
            # Its first attempt has failed at once; it waits for another, or for its hook.
            self._performer.watch(standing, standing.kept[0], task)
            return
        standing.pending = start, task
        if standing not in self._survey.watched:
            self._survey.watch(standing)
        seconds = standing.task.policy.timeout
        if seconds is not None:
            (run,) = standing.live
            begun = standing.begun or self._monotonic()
            standing.kept = run, self._performer.limit(standing, run, begun, task, seconds)

    async def _perform(self, standing: Standing, start: Start) -> None:
        standing.begun = begun = self._monotonic()
        if not _IS_EAGER and standing.kept is not None:
            standing.kept[0]._started = begun * 1_000 + standing.timeline.offset
        error: BaseException | None = None
        try:
            await standing.function()
        except BaseException as raised:  # noqa: BLE001 - as in `Performer`, which judges it
            error = raised
        kept = standing.kept
        if error is None and (kept is None or _is_within_time(*kept)):
            offset = standing.timeline.offset
            finished = self._monotonic() * 1_000 + offset
            following = standing.next_due
            # A body may have paused or rescheduled its own task; and it may have overrun.
            if following is not None and following > finished:
                is_awake = kept is None and standing.pending is None
                if kept is not None:
                    _let_go(standing, *kept)
                standing.pending = standing.begun = None
                self._note(standing, start, begun * 1_000 + offset, finished)
                if is_awake and standing.jitter is None and not standing.is_paused:
                    # The loop is awake, and looks at its agenda before it sleeps.
                    standing.timeline.agenda.put(following, standing)
                else:
                    self._on_next(standing)
                return
        if standing.pending is not None:
            # It is the only one, and made by being asked for.
            _ = standing.live
        run, deadline = standing.kept or (begun_run(start), None)
        standing.kept = run, deadline
        try:
            await self._performer.finish(standing, run, begun, First(deadline, error))
        finally:
            standing.kept = standing.begun = None

    def _run_in_thread(self, standing: Standing, start: Start) -> None:
        standing.begun = self._monotonic()
        # Threads are woken when all that is due has been looked at.
        job = self._threads.put_off(
            standing.task.function.name,
            standing.function,
            self._loop,
            self._copy_context(),
            partial(self._end_in_thread, standing, start),
        )
        self.has_jobs = True
        standing.pending = start, job
        if standing not in self._survey.watched:
            self._survey.watch(standing)

    def _end_in_thread(self, standing: Standing, start: Start, returned: Returned) -> None:
        """Take note that the thread of the run with this *start* has ended."""
        offset = standing.timeline.offset
        finished = self._monotonic() * 1_000 + offset
        following = standing.next_due
        is_on_time = following is not None and following > finished
        if is_on_time and returned.error is None and type(returned.value) in _PLAIN:
            if standing.pending is None:
                # Somebody has asked for it.
                standing.live.clear()
            standing.pending = None
            begun = standing.begun
            started = finished if begun is None else begun * 1_000 + offset
            self._note(standing, start, started, finished)
            self._on_next(standing)
            if self._starving.waiting:
                self._starving.feed()
            return
        ((run, job),) = standing.live.items()
        assert isinstance(job, Job)  # noqa: S101 - nobody else waits for it
        job.future.set_result(returned)
        _ = self._performer.task_of(standing, run)

    def _note(self, standing: Standing, start: Start, started: float, finished: float) -> None:
        """Record a success whose next tick is known and still to come."""
        # Not unpacked: that would make a list first.
        success = start + (started, finished)  # noqa: RUF005
        standing.running -= 1
        standing.latest = success
        standing.last_success = start[1]
        if standing.failures_in_row:
            note_success(standing, self._telling)
        if self._end is not None and standing.row is not None:
            self._end(standing.row, success)
        else:
            (standing.ledger or standing.records).note(success)


def _let_go(standing: Standing, run: Run, deadline: Deadline | None) -> None:
    """Know a *run* as under way no longer that was asked for, or has a *deadline*."""
    if deadline is not None:
        deadline.lift()
    standing.live.pop(run, None)
    standing.kept = None


def _is_within_time(run: Run, deadline: Deadline | None) -> bool:
    """Return whether a *run* that has waited was not given up, nor cancelled for its time."""
    return run.outcome is None and (deadline is None or not deadline.expired)
