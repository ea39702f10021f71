"""The store of one process: a dictionary under a lock, and what every other store must do alike."""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock

from ostinato._lease import Claim, Lease, Registration, Reply, Settlement, TaskRow, new_lease
from ostinato._ledger import Ledger, Success
from ostinato._outcomes import Outcome, RunKind
from ostinato._run import Run

__all__ = ["MemoryStore"]

# A process that is alone with its store has no rival to whom a lease could be lost.
_UNLIMITED = 1 << 62
_COUNTED_AS_FAILURE = (Outcome.FAILED, Outcome.TIMED_OUT)


class MemoryStore:
    """Remembers what a process's tasks have done, for as long as the process lives."""

    def __init__(self, *, keep: int | None = None) -> None:
        """Begin with nothing remembered, of which the latest *keep* runs of each task stay."""
        self._keep = keep
        self._lock = RLock()
        self._rows: dict[str, TaskRow] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._owner = ""
        self._namespace = ""
        self._now: Callable[[], float] = float

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        """Act for the worker *owner* from now on, by its clock *now*."""
        with self._lock:
            self._namespace, self._owner, self._now = namespace, owner, now

    def register(self, tasks: Sequence[Registration], /) -> Reply:
        """Make known the worker's *tasks*; those that are known keep what they stand at."""
        now = int(self._now())
        rows: dict[str, TaskRow] = {}
        with self._lock:
            for task in tasks:
                row = self._rows.get(task.name) or self._renamed(task)
                if row is None:
                    row = TaskRow(task.name, task.spec, task.first_due, task.first_due, token=now)
                elif row.spec != task.spec:
                    row.spec, row.schedule = task.spec, None
                    row.next_due = row.anchor = task.first_due
                self._rows[task.name] = rows[task.name] = row
        return Reply(now, [], rows)

    def claim(self, claims: Sequence[Claim], lease: int, /) -> Reply:
        """Grant what can be granted."""
        exact = self._now()
        now, known, owner = int(exact), self._rows, self._owner
        until = now + lease
        leases: list[Lease] = []
        rows: dict[str, TaskRow] = {}
        with self._lock:
            for claim in claims:
                name, _, _, due, following, passed, _, kind, _, concurrency = claim
                row = known.get(name)
                if row is None:
                    continue
                rows[name] = row
                if not _is_granted(row, claim, exact):
                    continue
                if passed is not None:
                    self.ledger(name).skip(name, self._namespace, passed)
                if kind is RunKind.TICK:
                    row.next_due = following
                if due is None:
                    continue
                row.token = token = row.token + 1
                granted = new_lease((name, due, token, until, owner))
                if concurrency == 1:
                    row.held = granted
                if kind is RunKind.TICK:
                    row.starts += 1
                    row.last_due = due
                leases.append(granted)
        return Reply(now, leases, rows)

    def begin(self, row: TaskRow, spec: str, due: int, following: int, now: float, /) -> int:
        """Claim the tick *due*, on its time, and no other; return its token, or 0.

        What `claim` does, for whoever keeps the *row* itself. It is the same process and the same
        thread: there is nothing to lock.

        Args:
            row: The task's row, as `register` has returned it.
            spec: The declaration that the worker knows.
            due: The tick, which the row must hold as the next one.
            following: The instant that the row holds afterwards.
            now: The time in milliseconds, asked for already.
        """
        if (
            row.next_due != due
            or due > now
            or row.held is not None
            or row.paused
            or row.spec != spec
        ):
            return 0
        row.token = token = row.token + 1
        row.held = new_lease((row.name, due, token, _UNLIMITED, self._owner))
        row.next_due = following
        row.last_due = due
        row.starts += 1
        return token

    def end(self, row: TaskRow, success: Success, /) -> None:
        """Record the *success* of what `begin` has claimed: what `settle` does."""
        name = row.name
        if row.held is not None and row.token == success[3]:
            row.held = None
            row.last_success = success[1]
            row.failures_in_row = 0
            (self._ledgers.get(name) or self.ledger(name)).note(success)

    def renew(self, held: Sequence[tuple[str, int]], lease: int, /) -> set[tuple[str, int]]:
        """Prolong the leases of those *held* that nobody has taken since."""
        until = int(self._now()) + lease
        with self._lock:
            kept: set[tuple[str, int]] = set()
            for name, token in held:
                row = self._rows.get(name)
                if row is not None and row.token == token and row.held is not None:
                    row.held = row.held._replace(until=until)
                    kept.add((name, token))
            return kept

    def settle(self, settlements: Sequence[Settlement], /) -> list[TaskRow | None]:
        """Record how runs ended."""
        with self._lock:
            return [self._settle(settlement) for settlement in settlements]

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        """Return the rows of the tasks named, or of all."""
        with self._lock:
            wanted = self._rows if names is None else names
            rows = {name: self._rows[name] for name in wanted if name in self._rows}
        return Reply(int(self._now()), [], rows)

    def control(self, name: str, changes: Mapping[str, object], /) -> TaskRow:
        """Write what steers the task *name*."""
        with self._lock:
            row = self._rows[name]
            for column, value in changes.items():
                setattr(row, column, value)
            row.config_rev += 1
            return row

    def close(self) -> None:
        """Keep everything: the process may start its scheduler again."""

    def record(self, runs: Sequence[Run], /) -> None:
        """Remember *runs*."""
        with self._lock:
            for run in runs:
                self.ledger(run.task_name).add(run)

    def runs(self, name: str, limit: int, /) -> list[Run]:
        """Return the latest *limit* runs of the task *name*, the newest first."""
        with self._lock:
            return self.ledger(name).latest(limit)

    def prune(self, keep: int, /) -> int:
        """Forget all but the latest *keep* runs of each task; return how many were forgotten."""
        with self._lock:
            return sum(ledger.prune(keep) for ledger in self._ledgers.values())

    def summary(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many ticks of each task ended in which outcome or skip reason."""
        with self._lock:
            return {name: dict(ledger.counts) for name, ledger in self._ledgers.items()}

    def ledger(self, name: str, /) -> Ledger:
        """Return what is remembered of the task *name*."""
        with self._lock:
            ledger = self._ledgers.get(name)
            if ledger is None:
                ledger = Ledger() if self._keep is None else Ledger(self._keep)
                self._ledgers[name] = ledger
            return ledger

    def _renamed(self, task: Registration) -> TaskRow | None:
        """Take over the state of a task under the name it had before."""
        for name in task.formerly:
            if (row := self._rows.pop(name, None)) is not None:
                row.name = task.name
                if (ledger := self._ledgers.pop(name, None)) is not None:
                    self._ledgers[task.name] = ledger
                return row
        return None

    def _settle(self, settlement: Settlement) -> TaskRow | None:
        run, moves, next_due, passed, pause, concurrency = settlement
        row = self._rows.get(run.task_name)
        if row is None:
            return None
        if concurrency == 1:
            if row.held is None or row.token != run.token:
                return None
            row.held = None
        is_tick = run.kind is RunKind.TICK
        if run.outcome is Outcome.SUCCEEDED:
            row.last_success = run._due
        if is_tick and run.outcome is Outcome.SUCCEEDED:
            row.failures_in_row = 0
        elif is_tick and run.outcome in _COUNTED_AS_FAILURE:
            row.failures_in_row += 1
        if moves:
            row.next_due = next_due
        if pause is not None:
            row.paused, row.paused_reason = True, pause
            row.config_rev += 1
        ledger = self._ledgers.get(run.task_name) or self.ledger(run.task_name)
        ledger.add(run)
        if passed is not None:
            ledger.skip(run.task_name, self._namespace, passed)
        return row


def _is_granted(row: TaskRow, claim: Claim, now: float) -> bool:
    _, spec, expected, due, _, _, max_runs, kind, _, concurrency = claim
    # Beside others a run has a lease of its own.
    is_free = row.held is None or concurrency != 1 or row.held.until <= now
    if kind is not RunKind.TICK:
        return is_free
    return (
        row.next_due == expected
        and expected is not None
        and expected <= now
        and (due is None or due <= now)
        # Ticks may be skipped in a pause.
        and not (row.paused and due is not None)
        and row.spec == spec
        # Ticks are skipped under a run, too.
        and (is_free or due is None)
        and (max_runs is None or due is None or row.starts < max_runs)
    )
