"""Ask a worker, and by its store all others, whether the tasks run as they ought to."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ostinato._engine._diagnosis import ALARMING, run_problems, task_problems, worker_problems
from ostinato._engine._observing import Observing
from ostinato._engine._standing import Standing
from ostinato._engine._worker import Worker
from ostinato._health import Health, Problem, ProblemKind
from ostinato._instants import instant_of
from ostinato._lease import Reply
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

_Found = tuple[Reply, Mapping[str, list[Run]], float]


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
                now = found[0].now
                grace = worker.sharing.grace
                problems += worker_problems(found[0].workers, now, grace, worker.id)
                there = (each for each in found[0].workers if not each.has_left)
                if observes and not any(each.seen >= now - grace for each in there):
                    words = "no worker is there: what is due is not started"
                    problems.append(Problem(ProblemKind.NO_WORKER, None, words))
        problems += self._of_tasks(None if found is None else found[0])
        problems += self._of_runs({} if found is None else found[1])
        problems += self._of_loop(0.0 if found is None else self._monotonic() - found[2])
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

    def _of_tasks(self, reply: Reply | None) -> Iterator[Problem]:
        worker, monotonic = self.worker, self._monotonic()
        up_for = worker.steady.at(monotonic) - worker.begun
        if isinstance(worker.sharing, Observing) and reply is not None:
            # Who could have run what is due is not in this process.
            up_for = reply.now - min((each.started for each in reply.workers), default=0)
        patience = _PATIENCE
        if worker.sharing is not None:
            patience = max(patience, 2.0 * worker.sharing.grace)
        for standing in tuple(worker.standings.values()):
            row, now = None, standing.timeline.at(monotonic)
            if standing.is_shared:
                if reply is None or (row := reply.rows.get(standing.name)) is None:
                    continue
                if worker.sharing is not None:
                    now = reply.now
            since = max(now - up_for, worker.claims.settling.resumed.get(standing.name, 0.0))
            if row is not None and standing.is_paused and not row.paused:
                # Another worker has resumed it since the last poll.
                since = now
            yield from task_problems(standing, row, now, since=since, patience=patience)

    def _of_runs(self, history: Mapping[str, list[Run]]) -> Iterator[Problem]:
        grace = self._environment.cancel_grace
        for standing, run, now in self._under_way():
            ended = history.get(standing.name, [])
            if not standing.is_shared:
                ended = standing.records.latest(_RUNS)
            yield from run_problems(standing, run, now, ended=ended, cancel_grace=grace)

    def _under_way(self) -> Iterator[tuple[Standing, Run, float]]:
        """Yield what is under way in this process: the task's standing, the run, and the time."""
        monotonic = self._monotonic()
        for standing in tuple(self.worker.claims.performer.survey.watched):
            for run in tuple(standing.live):
                yield standing, run, standing.timeline.at(monotonic)

    async def _ask(self) -> _Found | None:
        """Return what the store says of all tasks and workers; None: nothing, for too long."""
        sharing = self.worker.sharing
        long = {
            standing.name
            for standing, run, now in self._under_way()
            if standing.is_shared and now - (run._started or now) > ALARMING
        }
        look = partial(_look, self.worker.store, sorted(long)[:_MOST], self._monotonic)
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


def _look(store: SharedStore, names: list[str], monotonic: Callable[[], float]) -> _Found:
    """Return how all stand, how the latest runs of some tasks ended, and when that was known."""
    reply = store.read()
    return reply, {name: store.runs(name, _RUNS) for name in names}, monotonic()
