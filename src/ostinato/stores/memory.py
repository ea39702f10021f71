"""The store of one process: a dictionary under a lock, and what every other store must do alike."""

from collections.abc import Sequence

from ostinato._history import History
from ostinato._lease import (
    LEASE_EXPIRED,
    Claim,
    Lease,
    Progress,
    Renewed,
    Reply,
    Retention,
    Settlement,
    Skipped,
    Takeover,
    TaskRow,
    new_lease,
)
from ostinato._ledger import Success
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._run import Run
from ostinato.stores._granting import is_expired, is_granted, note_outcome, taken_over
from ostinato.stores._memory_queries import MemoryQueries

__all__ = ["MemoryStore"]

# A process that is alone with its store has no rival to whom a lease could be lost.
_UNLIMITED = 1 << 62
_KEPT = 100


class MemoryStore(MemoryQueries):
    """Remembers what a process's tasks have done, for as long as the process lives."""

    def __init__(self, *, keep: int | None = None, history: History | None = None) -> None:
        """Begin with nothing remembered.

        Args:
            keep: How many runs of each task stay; by default 100.
            history: The same, with more to say; it goes before *keep*.
        """
        kept = Retention(_KEPT if keep is None else keep)
        if history is not None:
            kept = Retention(history.runs, history.failures, history.milliseconds)
        super().__init__(kept)

    def claim(
        self, claims: Sequence[Claim | Takeover], lease: int, ended: Sequence[Settlement] = (), /
    ) -> Reply:
        """Grant what can be granted, once what has *ended* is settled."""
        if ended:
            self.settle(ended)
        exact = self._now()
        now, known, owner = int(exact), self._rows, self._owner
        until = now + lease
        leases: list[Lease] = []
        rows: dict[str, TaskRow] = {}
        with self._lock:
            for claim in claims:
                row = known.get(claim.name)
                if row is None:
                    continue
                rows[claim.name] = row
                if isinstance(claim, Takeover):
                    leases += self._taken_over(row, claim, now, until)
                    continue
                name, _, _, due, following, passed, _, _, _, concurrency, _ = claim
                if not is_granted(row, claim, exact):
                    continue
                if passed is not None or row.held is not None or row.beside:
                    self._clear_the_way(row, claim, now)
                if due is None:
                    row.next_due = following
                    continue
                if not self._is_begun(row, claim, due):
                    continue
                row.token = token = row.token + 1
                granted = new_lease((name, due, token, until, owner))
                if concurrency == 1:
                    row.held, row.takeovers = granted, 0
                else:
                    row.beside[token] = granted
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

    def renew(
        self, held: Sequence[tuple[str, int]], lease: int, told: Sequence[Progress] = (), /
    ) -> Renewed:
        """Prolong the leases of those *held* that nobody has taken since."""
        now = int(self._now())
        until = now + lease
        with self._lock:
            kept: list[tuple[str, int]] = []
            for name, token in held:
                row = self._rows.get(name)
                if row is None:
                    continue
                if row.held is not None and row.held.token == token:
                    row.held = row.held._replace(until=until)
                elif token in row.beside:
                    row.beside[token] = row.beside[token]._replace(until=until)
                else:
                    continue
                kept.append((name, token))
            self._note_progress(told)
            self._see_worker(now)
            return Renewed(
                kept,
                (each for each in kept if each[1] in self._rows[each[0]].cancel_requested),
            )

    def settle(self, settlements: Sequence[Settlement], /) -> list[TaskRow | None]:
        """Record how runs ended."""
        with self._lock:
            return [self._settle(settlement) for settlement in settlements]

    def _clear_the_way(self, row: TaskRow, claim: Claim, now: int) -> None:
        """Record as abandoned the runs whose leases have expired, and then what is skipped."""
        if claim.due is not None:
            self._abandon(row, now, is_alone=claim.concurrency == 1)
        if claim.passed is not None:
            self.ledger(row.name).skip(row.name, self._namespace, claim.passed)

    def _abandon(self, row: TaskRow, now: int, *, is_alone: bool) -> None:
        expired = [each for each in row.beside.values() if each.until <= now]
        if is_alone and row.held is not None:
            expired.append(row.held)
            row.held = None
        for lease in sorted(expired, key=lambda each: each.token):
            row.beside.pop(lease.token, None)
            run = self._run_of(lease)
            run.outcome, run.error = Outcome.ABANDONED, LEASE_EXPIRED
            self.ledger(row.name).add(run)
            row.last_run = run

    def _run_of(self, lease: Lease) -> Run:
        run = self._under_way(lease)
        self._forget_run(lease.name, lease.token)
        return run

    def _taken_over(self, row: TaskRow, claim: Takeover, now: int, until: int) -> tuple[Lease, ...]:
        if not claim.reruns:
            if (held := row.held) is None or not is_expired(row, claim.token, now):
                return ()
            self._abandon(row, now, is_alone=True)
            # What its run still guards is fenced off.
            row.token += 1
            return (held,)
        if (self._namespace, claim.name, claim.token) in self._by_hand:
            # What was started by hand is no tick, and not started again.
            return ()
        taken = taken_over(row, claim, now, until, self._owner)
        if taken:
            # Whoever wanted the run to end knew it by the token that it had.
            row.cancel_requested.discard(claim.token)
        return taken

    def _is_begun(self, row: TaskRow, claim: Claim, due: int) -> bool:
        """Move on to the next tick, and count the start of *due*, unless it was run before."""
        if claim.kind is not RunKind.TICK:
            self._by_hand[self._namespace, row.name, row.token + 1] = claim
            return True
        row.next_due = claim.next_due
        last = row.last_due
        if last is None or due > last:
            row.last_due = due
            row.starts += 1
            return True
        ledger = self.ledger(row.name)
        if any(each.due == due for each in row.beside.values()) or ledger.has_run(due):
            again = Skipped(due, due, 1, SkipReason.ALREADY_RUN)
            ledger.skip(row.name, self._namespace, again)
            return False
        row.starts += 1
        return True

    def _settle(self, settlement: Settlement) -> TaskRow | None:
        run, moves, next_due, passed, pause, concurrency, expected = settlement
        row = self._rows.get(run.task_name)
        if row is None:
            return None
        if concurrency == 1 and row.held is not None and row.held.token == run.token:
            row.held = None
        elif concurrency == 1 or row.beside.pop(run.token, None) is None:
            return row if self._is_settled(run) else None
        self._forget_run(run.task_name, run.token)
        row.cancel_requested.discard(run.token)
        note_outcome(row, run)
        if moves and expected is not None and row.next_due != expected:
            passed = None
        elif moves:
            row.next_due = next_due
        if pause is not None:
            row.paused, row.paused_reason = True, pause
            row.config_rev += 1
        ledger = self.ledger(run.task_name)
        ledger.add(run)
        if passed is not None:
            ledger.skip(run.task_name, self._namespace, passed)
        return row
