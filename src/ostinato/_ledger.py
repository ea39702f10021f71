"""What is remembered of one task's ticks: the latest runs, and how all of them ended."""

from __future__ import annotations

from array import array

from ostinato._instants import milliseconds_of
from ostinato._lease import Retention, Skipped
from ostinato._outcomes import FAILURES, Outcome, RunKind
from ostinato._run import Run

__all__ = ["Ledger", "Start", "Success", "begun_run", "run_of"]

_KEPT = 100
_ALL = 1 << 62

# A run as plain as most are: its task's name, its due, the namespace, the token, when it was meant
# to start, and the success before it; then when it started and finished. Made for every tick: the
# garbage collector passes over what holds nothing but numbers and strings.
Start = tuple[str, int, str, int, int | None, int | None]
Success = tuple[str, int, str, int, int | None, int | None, float, float]


def begun_run(start: Start, started: float | None = None) -> Run:
    """Return the run that a plain *start* is the beginning of, and that has *started* then."""
    task_name, due, namespace, token, start_at, previous = start
    run = Run(task_name, due, namespace, RunKind.TICK, token, start_at, previous)
    run._started = started
    return run


def run_of(success: Success) -> Run:
    """Return the run that a plain *success* is the record of."""
    run = begun_run(success[:6], success[6])
    run._finished = success[7]
    run.outcome = Outcome.SUCCEEDED
    run._is_recorded = True
    return run


class Ledger:
    """Each tick that was due is counted once; of the runs the latest are kept.

    A range of skipped ticks that took too long to count (more than 2,000 of a schedule that is no
    grid) counts as one: its record's count, and the sums, are lower bounds then. Those of a grid
    are exact, however many.
    """

    __slots__ = ("_counts", "_failures", "_keep", "_most", "_places", "_runs", "_successes")

    def __init__(self, keep: int = _KEPT, failures: int = 0) -> None:
        """Begin with nothing remembered, of which the latest *keep* records stay.

        Of those before, the latest *failures* that failed do, too.
        """
        self._keep = keep
        self._failures = failures
        # In one piece, now and then: a deque of its own would weigh more than all else of a task.
        self._most = 2 * keep + failures
        self._runs: list[Run | Success] = []
        self._counts: dict[str, int] = {}
        self._successes = 0
        # Where the records stand that somebody has looked at, and those before: each in two parts.
        self._places: tuple[array[int], array[int]] | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many ticks ended in which outcome, or were skipped for which reason."""
        if not self._successes:
            return self._counts
        successes = self._counts.get(Outcome.SUCCEEDED, 0) + self._successes
        return {**self._counts, Outcome.SUCCEEDED.value: successes}

    def note(self, success: Success) -> None:
        """Remember a plain *success*: the common case of `add`."""
        self._successes += 1
        runs = self._runs
        runs.append(success)
        if len(runs) >= self._most:
            self.prune(self._keep)

    def add(self, run: Run) -> None:
        """Remember a *run* that has ended, or the record of ticks that were skipped."""
        if run.kind is RunKind.SKIPPED and run.reason is not None:
            last = milliseconds_of(run.last_due)
            passed = Skipped(run._due, last, run.count, run.reason)
            self.skip(run.task_name, run._namespace, passed)
            return
        if run.kind is not RunKind.MANUAL:
            outcome, counts = run.outcome or Outcome.ABANDONED, self._counts
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
        self._counts[reason] = self._counts.get(reason, 0) + (passed.number or 1)
        last = self._runs[-1] if self._runs else None
        if isinstance(last, Run) and last.reason is passed.reason:
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
        if len(self._runs) > self._keep:
            self.prune(self._keep)
        kept = self._runs
        latest = kept[: -limit - 1 : -1] if limit else []
        return [_run_of(each) for each in latest]

    def placed(self, limit: int | None = None) -> list[Run]:
        """Return the latest *limit* records, or all, the newest first; each knows its place."""
        number = min(_ALL if limit is None else limit, self._keep, len(self._runs))
        if not number:
            return []
        if self._places is None:
            self._places = array("q"), array("q")
        first, known = len(self._runs) - number, self._places
        # The last one may be a range that gets longer.
        for record in self._runs[len(known[0]) : -1]:
            for part, value in zip(known, _place_behind(known, record), strict=True):
                part.append(value)
        runs: list[Run] = []
        for at, record in enumerate(self._runs[first:], first):
            run = _run_of(record)
            is_last = at == len(known[0])
            run._place = _place_behind(known, record) if is_last else (known[0][at], known[1][at])
            runs.append(run)
        runs.reverse()
        return runs

    def holds(self, due: int) -> bool:
        """Return whether it is remembered that the tick *due* was run, or skipped."""
        return any(
            run._due == due or (run._due < due <= milliseconds_of(run.last_due))
            for run in map(_run_of, self._runs)
            if run.kind is not RunKind.MANUAL
        )

    def has_run(self, due: int) -> bool:
        """Return whether it is remembered that the tick *due* was run: one that was skipped may."""
        return any(
            run._due == due
            for run in map(_run_of, self._runs)
            if run.kind not in (RunKind.MANUAL, RunKind.SKIPPED)
        )

    def phases(self, period: int) -> set[int]:
        """Return where in the *period* the ticks lie that are remembered."""
        runs = map(_run_of, self._runs)
        return {run._due % period for run in runs if run.kind is not RunKind.MANUAL}

    def prune(self, keep: int) -> int:
        """Forget all but the latest *keep* records; return how many were forgotten.

        The failures stay that are kept for longer.
        """
        return self.retain(Retention(keep, self._failures), 0)

    def retain(self, kept: Retention, now: float) -> int:
        """Forget what is not to be *kept* at the instant *now*; return how much was forgotten."""
        before = len(self._runs)
        self._keep_failures(kept.runs, kept.failures)
        if kept.age is not None:
            oldest = now - kept.age
            self._runs = [each for each in self._runs if _ended(each) >= oldest]
        if len(self._runs) != before:
            self._places = None
        return before - len(self._runs)

    def _keep_failures(self, keep: int, failures: int) -> None:
        """Forget all but the latest *keep* records, and of those before the latest *failures*."""
        end = max(len(self._runs) - keep, 0)
        failed = [
            each for each in self._runs[:end] if isinstance(each, Run) and each.outcome in FAILURES
        ]
        self._runs[:end] = failed[-failures:] if failures else []

    def _append(self, run: Run) -> None:
        self._runs.append(run)
        if len(self._runs) >= self._most:
            self.prune(self._keep)


def _place_behind(known: tuple[array[int], array[int]], record: Run | Success) -> tuple[int, int]:
    """Return where a *record* stands whose predecessors stand where it is *known*."""
    recorded, tie = (known[0][-1], known[1][-1]) if known[0] else (0, 0)
    # A range is as old as its last tick, and learnt of later.
    ended = int(_ended(record))
    return max(recorded, ended), tie + 1 if ended <= recorded else 0


def _ended(record: Run | Success) -> float:
    """Return when what the *record* tells of came to its end."""
    if isinstance(record, tuple):
        return record[7]
    if record._finished is not None:
        return record._finished
    return milliseconds_of(record.last_due)


def _run_of(record: Run | Success) -> Run:
    return record if isinstance(record, Run) else run_of(record)
