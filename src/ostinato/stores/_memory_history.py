"""What a process remembers of runs that have ended: the memory store's history."""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock

from ostinato._lease import LEASE_EXPIRED, Retention, TaskRow
from ostinato._ledger import Ledger
from ostinato._outcomes import RunKind
from ostinato._run import Run
from ostinato.stores._declaring import UNSEEN

__all__ = ["MemoryHistory"]

# Whoever asks again how its run was judged asks soon.
_REMEMBERED_VERDICTS = 100


class MemoryHistory:
    """A ledger for each task, under one lock."""

    def __init__(self, kept: Retention) -> None:
        """Begin with nothing remembered, of which so much is *kept*."""
        self._kept = kept
        # When the history of each namespace was pruned last.
        self._pruned: dict[str, int] = {}
        self._now: Callable[[], float] = float
        self._namespace = ""
        self._lock = RLock()
        self._ledgers: dict[str, Ledger] = {}

    def record(self, runs: Sequence[Run], /) -> None:
        """Remember *runs*."""
        with self._lock:
            for run in runs:
                self.ledger(run.task_name).add(run)

    def runs(self, name: str, limit: int, /) -> list[Run]:
        """Return the latest *limit* runs of the task *name*, the newest first."""
        with self._lock:
            ledger = self.ledger(name)
            if self._kept.age is not None:
                ledger.retain(self._kept, self._now())
            return ledger.latest(limit)

    def prune(self, kept: Retention, /, *, every: int | None = None) -> int:
        """Forget the records that are not to be *kept*; return how many were forgotten."""
        now = int(self._now())
        with self._lock:
            if every is not None:
                self._still_here(now)
                if self._pruned.get(self._namespace, now - every) > now - every:
                    return 0
                self._pruned[self._namespace] = now
                self._forget_workers(now - UNSEEN)
            return sum(ledger.retain(kept, now) for ledger in self._ledgers.values())

    def summary(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many ticks of each task ended in which outcome or skip reason."""
        with self._lock:
            return {name: dict(ledger.counts) for name, ledger in self._ledgers.items()}

    def ledger(self, name: str, /) -> Ledger:
        """Return what is remembered of the task *name*."""
        with self._lock:
            ledger = self._ledgers.get(name)
            if ledger is None:
                ledger = self._ledgers[name] = Ledger(self._kept.runs, self._kept.failures)
            return ledger

    def _still_here(self, now: int) -> None:
        """Note of the tasks that this worker declares that it is there: there are none here."""

    def _forget_workers(self, unseen_since: int) -> None:
        """Forget the workers that were not seen since that instant: there are none here."""

    def _last_run(self, row: TaskRow) -> Run | None:
        """Return the last run of *row*, of which plain successes do not tell it."""
        ended = self.ledger(row.name).latest(_REMEMBERED_VERDICTS)
        return next((run for run in ended if run.kind is not RunKind.SKIPPED), row.last_run)

    def _is_settled(self, run: Run) -> bool:
        """Return whether the worker of *run* has told its end before."""
        ended = self.ledger(run.task_name).latest(_REMEMBERED_VERDICTS)
        same = [each for each in ended if each.token == run.token]
        if run.kind is not RunKind.SKIPPED:
            return any(each.error != LEASE_EXPIRED for each in same)
        # A range has no token: it may be about many that were claimed and not started.
        return not same and any(
            each.reason is run.reason and each.due <= run.due <= each.last_due for each in ended
        )
