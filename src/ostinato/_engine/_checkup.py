"""Ask a worker, and by its store all others, whether the tasks run as they ought to."""

import asyncio
from collections.abc import Iterator

from ostinato._engine._diagnosis import task_problems, worker_problems
from ostinato._engine._worker import Worker
from ostinato._health import Health, Problem, ProblemKind
from ostinato._instants import instant_of
from ostinato._lease import Reply, TaskRow

__all__ = ["Checkup"]

# In seconds: for so long the store may take to answer.
_LIMIT = 2.0
# In milliseconds: so late a tick may be before anybody is alarmed. A worker that dies is noticed
# when its lease ends; then another one takes over.
_PATIENCE = 60_000.0


class Checkup:
    """Finds out what is wrong, at most once at a time however many ask."""

    def __init__(self, worker: Worker) -> None:
        """Look at *worker*, and at those that share its store."""
        self.worker = worker
        self._environment = worker.environment
        # What the store was asked for and has not answered yet.
        self._asked: asyncio.Future[Reply] | None = None
        # Since when it has not, in milliseconds.
        self._silent_since: int | None = None

    async def health(self) -> Health:
        """Return what is wrong; a store that does not answer is a problem, and raises nothing."""
        worker = self.worker
        now = self._now()
        if not worker.is_live:
            words = "the scheduler is disabled in this process: no task falls due in it"
            return Health.of([Problem(ProblemKind.DISABLED, None, words)], instant_of(now))
        reply = await self._ask()
        problems: list[Problem] = []
        if reply is None:
            self._silent_since = self._silent_since or now
            words = "the store does not answer, or fails: no task that is shared is started"
            since = instant_of(self._silent_since)
            problems.append(Problem(ProblemKind.STORE_UNREACHABLE, None, words, since))
        else:
            self._silent_since = None
            if worker.sharing is not None:
                now = reply.now
                problems += worker_problems(reply.workers, now, worker.sharing.grace)
        problems += self._of_tasks(reply)
        return Health.of(problems, instant_of(now))

    def _of_tasks(self, reply: Reply | None) -> Iterator[Problem]:
        worker, monotonic = self.worker, self._environment.clock.monotonic()
        up_for = worker.steady.at(monotonic) - worker.begun
        rows: dict[str, TaskRow] = {} if reply is None else reply.rows
        patience = _PATIENCE
        if worker.sharing is not None:
            patience = max(patience, 2.0 * worker.sharing.grace)
        for standing in tuple(worker.standings.values()):
            row, now = None, standing.timeline.at(monotonic)
            if standing.is_shared:
                if reply is None or (row := rows.get(standing.name)) is None:
                    continue
                if worker.sharing is not None:
                    now = reply.now
            yield from task_problems(standing, row, now, since=now - up_for, patience=patience)

    async def _ask(self) -> Reply | None:
        """Return what the store says of all tasks and workers; None: nothing, for too long."""
        store, sharing = self.worker.store, self.worker.sharing
        try:
            if sharing is None:
                return store.read()
            if self._asked is None or self._asked.done():
                self._asked = sharing.door.lanes.reads(store.read)
            # Whoever asks meanwhile waits for the same answer: they do not pile up.
            await asyncio.wait({self._asked}, timeout=_LIMIT)
            return self._asked.result() if self._asked.done() else None
        except Exception:  # noqa: BLE001 - a store may be anybody's, and fail in any way
            return None

    def _now(self) -> int:
        return int(self._environment.clock.now() * 1_000)
