"""What is remembered of one task's ticks: the latest runs, and how all of them ended."""

from ostinato._instants import milliseconds_of
from ostinato._lease import Skipped
from ostinato._outcomes import Outcome, RunKind
from ostinato._run import Run

__all__ = ["Ledger"]

_KEPT = 100


class Ledger:
    """Each tick that was due is counted once; of the runs the latest are kept."""

    __slots__ = ("_keep", "_most", "_runs", "counts")

    def __init__(self, keep: int = _KEPT) -> None:
        """Begin with nothing remembered, of which the latest *keep* records stay."""
        self._keep = keep
        # In one piece, now and then: a deque of its own would weigh more than all else of a task.
        self._most = 2 * keep
        self._runs: list[Run] = []
        self.counts: dict[str, int] = {}

    def add(self, run: Run) -> None:
        """Remember a *run* that has ended."""
        if run.kind is not RunKind.MANUAL:
            outcome, counts = run.outcome or Outcome.ABANDONED, self.counts
            if outcome in counts:
                counts[outcome] += 1
            else:
                counts[outcome] = 1
        runs = self._runs
        runs.append(run)
        if len(runs) >= self._most:
            self.prune(self._keep)

    def skip(self, task_name: str, namespace: str, passed: Skipped) -> None:
        """Remember the range *passed*; it lengthens a range of the same kind just before it."""
        reason = f"skipped({passed.reason.value})"
        # A range too long to count counts as one: the sum is then a lower bound.
        self.counts[reason] = self.counts.get(reason, 0) + (passed.number or 1)
        last = self._runs[-1] if self._runs else None
        if last is not None and last.reason is passed.reason:
            rarities = last._rarely
            rarities.last_due = passed.last
            rarities.count += passed.number or 1
            return
        count = passed.number or 1
        record = Run.of_skipped(
            task_name,
            namespace,
            first=passed.first,
            last=passed.last,
            count=count,
            reason=passed.reason,
        )
        self._append(record)

    def latest(self, limit: int) -> list[Run]:
        """Return the latest *limit* records, the newest first."""
        kept = self._runs[-self._keep :]
        return kept[: -limit - 1 : -1] if limit else []

    def holds(self, due: int) -> bool:
        """Return whether it is remembered that the tick *due* was run, or skipped."""
        return any(
            run._due == due or (run._due < due <= milliseconds_of(run.last_due))
            for run in self._runs
            if run.kind is not RunKind.MANUAL
        )

    def phases(self, period: int) -> set[int]:
        """Return where in the *period* the ticks lie that are remembered."""
        return {run._due % period for run in self._runs if run.kind is not RunKind.MANUAL}

    def prune(self, keep: int) -> int:
        """Forget all but the latest *keep* records; return how many were forgotten."""
        forgotten = max(len(self._runs) - keep, 0)
        del self._runs[:forgotten]
        return forgotten

    def _append(self, run: Run) -> None:
        self._runs.append(run)
        if len(self._runs) >= self._most:
            self.prune(self._keep)
