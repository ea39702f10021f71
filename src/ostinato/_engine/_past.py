"""Ticks of the past that somebody wants to be run again, and whether they still are to be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._backfilling import chosen, ticks_between, was_given_back
from ostinato._engine._computing import computed
from ostinato._engine._fleet import Fleet
from ostinato._engine._statuses import Statuses
from ostinato._instants import instant_of
from ostinato._outcomes import RunKind
from ostinato._queries import Wanted
from ostinato._run import Run, Tick
from ostinato.errors import AlreadyRunningError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ostinato._engine._standing import Standing
    from ostinato._engine._worker import Worker
    from ostinato._lease import TaskRow
    from ostinato._outcomes import Backfill

__all__ = ["Past"]

# More records of a task than that are nowhere kept.
_EVERY = 1_000_000


class Past:
    """Ticks of one task that were chosen once, and are run one after the other, however long after.

    Others may have chosen the same, in other processes: before each is begun, and where another
    was faster once it was claimed, it is looked at again what is known of it.
    """

    def __init__(self, worker: Worker, standing: Standing) -> None:
        """Choose from the past of a task, as it stands with *worker*."""
        self.standing = standing
        self.dues: list[int] = []
        self.ticks: list[Tick] = []
        self._worker = worker
        self._read = worker.claims.backoff.read
        self._is_elsewhere = standing.is_shared and worker.is_remote
        self._begin = self._end = 0
        # The ids of the latest runs that were known of the ticks when they were chosen, and are.
        self._before: dict[int, str] = {}
        self._latest: dict[int, str] = {}
        # The token of the task's row with which nobody has claimed a run that is not known.
        self._token: int | None = None
        # The ids of runs that were claimed here, and looked at again: they are nobody else's.
        self._own: set[str] = set()

    async def choose(self, start: int, end: int, mode: Backfill, *, most: int | None) -> None:
        """Choose those of the ticks from *start* on and before *end* that are to be run.

        Args:
            start: From when on, in milliseconds.
            end: Up to when.
            mode: Which of them.
            most: How many there may be; None: any number.

        Raises:
            InvalidArgumentError: They are too many.
            StoreError: The store does not answer.
            Exception: Whatever a schedule of the user's own raises.
        """
        standing, instants = self.standing, self._worker.environment.instants
        self._begin, self._end = start, end
        between = partial(ticks_between, standing.ticks, start, end)
        ticks = await computed(instants, "backfill", between)
        known = await self._look()
        # Who asks for all of them while one is under way has it run: not twice, as by two clicks.
        self._before = _ids_of(run for run in known if run.outcome is not None)

        def choose() -> tuple[list[int], list[Tick]]:
            found = chosen(mode, ticks, known)
            if most is not None and len(found) > most:
                problem = f"begins a time of {len(found):,} ticks to run, more than {most:,}"
                remedy = "take less at a time, or pass force=True"
                raise InvalidArgumentError("start", instant_of(start), problem, remedy)
            return found, [Tick(standing.name, instant_of(due)) for due in found]

        self.dues, self.ticks = await computed(instants, "backfill", choose)

    async def is_wanted(self, due: int) -> bool:
        """Return whether nobody has begun a run of the tick *due* since it was chosen.

        Raises:
            AlreadyRunningError: A tick of its schedule is due, and has its turn.
            StoreError: The store does not answer.
        """
        row, token = None, self._token
        now = self.standing.timeline.at(self._worker.environment.clock.monotonic())
        if self._is_elsewhere:
            name = self.standing.name
            reply = await self._read(partial(self._worker.store.read, [name]))
            row, now = reply.rows.get(name), reply.now
        if self._gives_way(row, now):
            raise AlreadyRunningError(self.standing.name)
        if row is None or row.token != token:
            await self._look()
        return self._is_unknown(due)

    def note_own(self, run: Run) -> None:
        """Note that a *run* is claimed here: it is nobody else's, should the answer be lost."""
        self._own.add(run.id)

    async def is_still_wanted(self, run: Run) -> bool:
        """Return whether nobody was faster than a *run* that was claimed.

        Raises:
            StoreError: The store does not answer.
        """
        if not self._is_elsewhere:
            return True
        if self._token is not None and run.token == self._token + 1:
            # Nobody has claimed anything in between.
            self._token = run.token
            return True
        await self._look(before=run.token)
        return self._is_unknown(run._due)

    def _is_unknown(self, due: int) -> bool:
        # What was known and is not any more was pruned.
        return self._latest.get(due, self._before.get(due)) == self._before.get(due)

    async def _look(self, before: int | None = None) -> list[Run]:
        """Note, and return, what is known of the ticks, the latest first.

        Args:
            before: The token of a run: of those under way only those that began before it count.
        """
        standing = self.standing
        known = [] if self._is_elsewhere else list(standing.live)
        if self._is_elsewhere:
            overview = await self._read(partial(self._worker.store.overview, [standing.name]))
            row = overview.rows.get(standing.name)
            # What is claimed from here on has another one.
            self._token = None if row is None else row.token
            under_way = sorted(overview.running, key=lambda run: -run.token)
            known += [run for run in under_way if before is None or run.token < before]
        # Of what is under way, nothing is missing, and nothing has failed.
        wanted = Wanted(_EVERY, standing.name, since=self._begin, until=self._end)
        known += await Statuses(Fleet(self._worker)).history(wanted, standing)
        self._latest = _ids_of(run for run in known if run.id not in self._own)
        return known

    def _gives_way(self, row: TaskRow | None, now: float) -> bool:
        """Return whether a tick of the task's own schedule is due, and goes first."""
        standing = self.standing
        due, is_paused = standing.next_due, standing.is_paused
        if row is not None:
            due, is_paused = row.next_due, row.paused
            if row.spec != standing.spec or standing.is_used_up(row):
                return False
        elif not self._worker.is_live:
            return False
        if due is None or is_paused or standing.is_over or due + standing.delay_of(due) > now:
            return False
        return self._worker.backfilling.lets_pass(standing.name, due)


def _ids_of(runs: Iterable[Run]) -> dict[int, str]:
    """Return the ids of the latest of *runs*, the latest first, of each tick."""
    ids: dict[int, str] = {}
    for run in runs:
        if run.kind in (RunKind.TICK, RunKind.BACKFILL) and not was_given_back(run):
            ids.setdefault(run._due, run.id)
    return ids
