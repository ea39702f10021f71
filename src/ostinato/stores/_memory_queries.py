"""What those who look are told of the tasks of one process."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter

from ostinato._lease import Claim, Lease, Progress, Retention, WorkerRow
from ostinato._outcomes import RunKind
from ostinato._queries import (
    Overview,
    Recent,
    Wanted,
    named_in,
    newest_of,
)
from ostinato._run import Run
from ostinato.stores._memory_tasks import MemoryTasks

__all__ = ["MemoryQueries"]


class MemoryQueries(MemoryTasks):
    """Tells of one namespace."""

    def __init__(self, kept: Retention) -> None:
        """Begin with nothing remembered, of which so much is *kept*."""
        super().__init__(kept)
        # What a lease does not tell of the runs that are no ticks, for as long as they last.
        self._by_hand: dict[tuple[str, str, int], Claim] = {}
        # What runs under way have said of their progress.
        self._progress: dict[tuple[str, str, int], Progress] = {}

    def overview(self, names: Sequence[str] | None = None, /) -> Overview:
        """Return how the tasks named, or all of them, stand, and what is under way."""
        reply = self.read(names)
        with self._lock:
            leases = [
                lease
                for row in reply.rows.values()
                for lease in (*(() if row.held is None else (row.held,)), *row.beside.values())
                if lease.until > reply.now
            ]
            running = [self._under_way(lease) for lease in leases]
            for run in running:
                if run.token in reply.rows[run.task_name].cancel_requested:
                    run._cancel()
        return Overview(reply.now, reply.rows, running)

    def recent(self, names: Sequence[str] | None, limit: int, /) -> Mapping[str, Recent]:
        """Return the latest *limit* records of the tasks named, or of all, and their counts."""
        with self._lock:
            wanted = self._ledgers if names is None else names
            return {
                name: Recent(self._placed(name, limit), dict(self._ledgers[name].counts))
                for name in wanted
                if name in self._ledgers
            }

    def workers(self) -> Sequence[WorkerRow]:
        """Return the workers that were seen in the last day."""
        with self._lock:
            known = [row for (space, _), row in self._workers.items() if space == self._namespace]
            return [
                row._replace(has_left=(self._namespace, row.id) not in self._declared)
                for row in sorted(known, key=attrgetter("started", "id"))
            ]

    def declared(self, within: int, /) -> Mapping[str, frozenset[str]]:
        """Return the names of the tasks that each worker declares that was seen lately."""
        with self._lock:
            since = int(self._now()) - within
            return {
                owner: frozenset(self._declared[space, owner])
                for (space, owner), row in self._workers.items()
                if space == self._namespace
                and row.seen >= since
                and (space, owner) in self._declared
            }

    def find(self, wanted: Wanted, /) -> list[Run]:
        """Return the records that are *wanted*, the newest first."""
        with self._lock:
            names = tuple(self._ledgers) if wanted.name is None else (wanted.name,)
            return newest_of(names, wanted, self._latest_of)

    def run(self, run_id: str, /) -> Run | None:
        """Return the run *run_id*; None: nobody remembers it."""
        named = named_in(run_id, self._namespace)
        if named is None or named[0] not in self._rows:
            return None
        with self._lock:
            known = chain(self.overview([named[0]]).running, self._placed(named[0]))
            # Of a tick that was skipped, and then run all the same, the run.
            same = sorted((run for run in known if run.id == run_id), key=_is_range)
        return same[0] if same else None

    def _latest_of(self, names: Sequence[str], number: int) -> dict[str, list[Run]]:
        return {name: self._placed(name, number) for name in names}

    def _placed(self, name: str, limit: int | None = None) -> list[Run]:
        """Return the latest records of the task *name*, the newest first, each with its place."""
        ledger = self._ledgers.get(name)
        if ledger is None:
            return []
        if self._kept.age is not None:
            ledger.retain(self._kept, self._now())
        return ledger.placed(limit)

    def _under_way(self, lease: Lease) -> Run:
        """Return the run that *lease* is for."""
        claim = self._by_hand.get((self._namespace, lease.name, lease.token))
        kind = RunKind.TICK if claim is None else claim.kind
        run = Run(lease.name, lease.due, self._namespace, kind, lease.token)
        run._worker = lease.owner
        if claim is not None:
            run._rarely.id = claim.run_id
        said = self._progress.get((self._namespace, lease.name, lease.token))
        if said is not None:
            run.progress(said.fraction, message=said.message)
        return run

    def _note_progress(self, told: Sequence[Progress]) -> None:
        """Note what the runs of leases that are held have *told*."""
        for each in told:
            row = self._rows.get(each.name)
            leases = () if row is None else (row.held, *row.beside.values())
            if any(lease is not None and lease.token == each.token for lease in leases):
                self._progress[self._namespace, each.name, each.token] = each

    def _forget_run(self, name: str, token: int) -> None:
        """Forget of a run that is over what its lease does not tell."""
        self._by_hand.pop((self._namespace, name, token), None)
        self._progress.pop((self._namespace, name, token), None)


def _is_range(run: Run) -> bool:
    return run.kind is RunKind.SKIPPED
