"""Ask a worker, and by its store all others, whether the tasks run as they ought to."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ostinato._engine._diagnosis import (
    ALARMING,
    run_problems,
    task_problems,
    thread_problems,
    worker_problems,
)
from ostinato._engine._observing import Observing
from ostinato._engine._standing import Standing
from ostinato._engine._worker import Worker
from ostinato._health import Health, Problem, ProblemKind
from ostinato._instants import instant_of
from ostinato._lease import WorkerRow
from ostinato._queries import Overview, Recent
from ostinato._run import Run
from ostinato.protocols import SharedStore

__all__ = ["Checkup"]

# In seconds: for so long the store may take to answer.
_LIMIT = 2.0
# In milliseconds: so late a tick may be before anybody is alarmed. A worker that dies is noticed
# when its lease ends; then another one takes over.
_PATIENCE = 60_000.0
# By how many runs before it one is judged, and of how many tasks at a time.
_RUNS = 100
_MOST = 10

# In seconds: for so long of the last so many the loop may be blocked.
_BLOCKED = 1.0
_LATELY = 60.0


class _Found(NamedTuple):
    """What a store says.

    Attributes:
        overview: How the tasks stand, and what is under way.
        workers: Who is there.
        ended: The latest runs of the tasks that have one under way for long.
        known_at: When that was known, on the monotonic clock.
    """

    overview: Overview
    workers: Sequence[WorkerRow]
    ended: Mapping[str, Recent]
    known_at: float


class Checkup:
    """Finds out what is wrong, at most once at a time however many ask."""

    def __init__(self, worker: Worker) -> None:
        """Look at *worker*, and at those that share its store."""
        self.worker = worker
        self._environment = worker.environment
        self._monotonic = worker.environment.clock.monotonic
        # What the store was asked for and has not answered yet.
        self._asked: asyncio.Future[_Found] | None = None
        # Since when it has not, in milliseconds, that on the clock of leases, in seconds, and what
        # it was asked for then.
        self._silent: tuple[int, float, asyncio.Future[_Found] | None] | None = None

    async def health(self) -> Health:
        """Return what is wrong; a store that does not answer is a problem, and raises nothing."""
        worker = self.worker
        now = self._now()
        observes = isinstance(worker.sharing, Observing)
        if not (worker.is_live or observes):
            words = "the scheduler is disabled in this process: no task falls due in it"
            return Health.of([Problem(ProblemKind.DISABLED, None, words)], instant_of(now))
        found = await self._ask()
        problems: list[Problem] = []
        if found is None:
            words = "the store does not answer, or fails: no task that is shared is started"
            since = instant_of(self._silent_since(now))
            problems.append(Problem(ProblemKind.STORE_UNREACHABLE, None, words, since))
        else:
            self._silent = None
            if worker.sharing is not None:
                now = found.overview.now
                grace = worker.sharing.grace
                problems += worker_problems(found.workers, now, grace, worker.id)
                there = (each for each in found.workers if not each.has_left)
                if observes and not any(each.seen >= now - grace for each in there):
                    words = "no worker is there: what is due is not started"
                    problems.append(Problem(ProblemKind.NO_WORKER, None, words))
        problems += self._of_tasks(found)
        problems += self._of_runs(found)
        problems += self._of_threads()
        problems += self._of_loop(0.0 if found is None else self._monotonic() - found.known_at)
        return Health.of(problems, instant_of(now))

    def _silent_since(self, now: int) -> int:
        """Return since when the store has not answered, which it did not *now* either."""
        sharing, boot = self.worker.sharing, self._environment.boot()
        if self._silent is None:
            self._silent = now, boot, self._asked
        _, noted, asked = self._silent
        # Nobody need have asked here while it did answer: polls hear of it, too.
        has_answered = sharing is not None and sharing.looking.heard > noted
        if has_answered and asked is not self._asked:
            self._silent = now, boot, self._asked
        return self._silent[0]

    def _of_loop(self, late: float) -> Iterator[Problem]:
        """Yield that the event loop is blocked too long: it took the store's answer so *late*."""
        watchdog = self._environment.watchdog
        blocks = [] if watchdog is None else watchdog.within(_LATELY)
        seconds = max(sum(each.seconds for each in blocks), late)
        if seconds >= _BLOCKED:
            worst = max(blocks, key=lambda each: each.seconds, default=None)
            words = f"the event loop was blocked for {seconds:.1f} seconds of the last minute"
            name = None if worst is None else worst.task_name
            yield Problem(ProblemKind.LOOP_BLOCKED, name, words)

    def _of_threads(self) -> Iterator[Problem]:
        threads, starving = self._environment.threads, self.worker.claims.starving
        return thread_problems(
            self.worker.standings.values(),
            threads._limit,
            is_full=threads.vacant <= 0,
            is_exhausted=threads.is_exhausted or starving.is_exhausted,
        )

    def _of_tasks(self, found: _Found | None) -> Iterator[Problem]:
        worker, monotonic = self.worker, self._monotonic()
        up_for = worker.steady.at(monotonic) - worker.begun
        if isinstance(worker.sharing, Observing) and found is not None:
            # Who could have run what is due is not in this process.
            up_for = found.overview.now - min((each.started for each in found.workers), default=0)
        patience = _PATIENCE
        if worker.sharing is not None:
            patience = max(patience, 2.0 * worker.sharing.grace)
        for standing in tuple(worker.standings.values()):
            row, now = None, standing.timeline.at(monotonic)
            if standing.is_shared:
                if found is None or (row := found.overview.rows.get(standing.name)) is None:
                    continue
                if worker.sharing is not None:
                    now = found.overview.now
            since = max(now - up_for, worker.claims.settling.resumed.get(standing.name, 0.0))
            if row is not None and standing.is_paused and not row.paused:
                # Another worker has resumed it since the last poll.
                since = now
            yield from task_problems(standing, row, now, since=since, patience=patience)

    def _of_runs(self, found: _Found | None) -> Iterator[Problem]:
        """Yield which runs go on for too long: here, and as their leases tell, on others."""
        grace, monotonic = self._environment.cancel_grace, self._monotonic()
        known: Mapping[str, Recent] = {} if found is None else found.ended
        for standing in tuple(self.worker.claims.performer.survey.watched):
            for run in tuple(standing.live):
                now, ended = standing.timeline.at(monotonic), _ended_of(standing, known)
                yield from run_problems(standing, run, now, ended=ended, cancel_grace=grace)
        if found is None or self.worker.sharing is None:
            return
        workers = {each.id: each for each in found.workers}
        for run in found.overview.running:
            declared = self.worker.standings.get(run.task_name)
            # Of one that was taken over the store knows only when its first worker began.
            if declared is None or run.worker == self.worker.id or run.attempt > 1:
                continue
            there = workers.get(run.worker or "")
            yield from run_problems(
                declared,
                run,
                found.overview.now,
                ended=_ended_of(declared, known),
                cancel_grace=grace,
                # A process that only observes may have started it: nobody knows that one.
                where=", in a process that is no worker"
                if there is None
                else f", in the worker {there.pid} on {there.host}",
            )

    async def _ask(self) -> _Found | None:
        """Return what the store says of all tasks and workers; None: nothing, for too long."""
        sharing = self.worker.sharing
        look = partial(_look, self.worker.store, self._monotonic)
        try:
            if sharing is None:
                return look()
            if self._asked is None or self._asked.done():
                self._asked = sharing.door.lanes.reads(look)
            # Whoever asks meanwhile waits for the same answer: they do not pile up.
            await asyncio.wait({self._asked}, timeout=_LIMIT)
            return self._asked.result() if self._asked.done() else None
        except Exception:  # noqa: BLE001 - a store may be anybody's, and fail in any way
            return None

    def _now(self) -> int:
        return int(self._environment.clock.now() * 1_000)


def _ended_of(standing: Standing, known: Mapping[str, Recent]) -> Sequence[Run]:
    """Return the latest runs of a task, where they are asked for."""
    if not standing.is_shared:
        return standing.records.latest(_RUNS)
    recent = known.get(standing.name)
    return () if recent is None else recent.runs


def _look(store: SharedStore, monotonic: Callable[[], float]) -> _Found:
    """Return how all stand, how the latest runs of some tasks ended, and when that was known."""
    overview = store.overview()
    begun = ((run.task_name, run._started) for run in overview.running)
    long = {name for name, at in begun if at is not None and overview.now - at > ALARMING}
    ended: Mapping[str, Recent] = store.recent(sorted(long)[:_MOST], _RUNS) if long else {}
    return _Found(overview, store.workers(), ended, monotonic())
