"""Say how the tasks and the workers stand, and what has ended."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import is_
from typing import TYPE_CHECKING

from ostinato._engine._computing import computed
from ostinato._engine._observing import Observing
from ostinato._engine._survey import is_stuck
from ostinato._engine._told import told_of
from ostinato._engine._walk import walk_of, walked
from ostinato._instants import instant_of
from ostinato._outcomes import RunKind
from ostinato._queries import Recent, Wanted, named_in, newest_of, place_of
from ostinato._status import TaskState, TaskStatus, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ostinato._engine._fleet import Fleet
    from ostinato._engine._standing import Standing
    from ostinato._lease import TaskRow
    from ostinato._run import Run

    _Live = Mapping[str, Sequence[Run]]

__all__ = ["Statuses"]


class Statuses:
    """What users want to know of a worker, and of those that share its store."""

    def __init__(self, fleet: Fleet) -> None:
        """Tell of the worker that looks at its *fleet*."""
        self._fleet = fleet
        self._worker = worker = fleet.worker
        self._store = worker.store
        self._read = worker.claims.backoff.read
        self._owner = worker.id

    async def statuses(
        self, standings: Sequence[Standing], recent: int, *, is_all: bool
    ) -> list[TaskStatus]:
        """Return how tasks stand, with the latest so many records of each.

        Args:
            standings: Which.
            recent: How many records.
            is_all: Whether these are all.

        Raises:
            StoreError: The store does not answer.
        """
        live = {each.name: tuple(map(self._mine, each.live)) for each in standings if each.running}
        here = [each for each in standings if not self._is_elsewhere(each)]
        told = {
            each.name: self._status(each, self._remembered(each, recent), live) for each in here
        }
        elsewhere = [each for each in standings if each.name not in told]
        if elsewhere:
            # In the thread: of a thousand tasks it takes longer than the loop is to be kept busy.
            look = partial(self._look, elsewhere, recent, live, is_all=is_all)
            told |= await self._read(look)
        return [told[each.name] for each in standings]

    def _look(
        self, standings: Sequence[Standing], recent: int, live: _Live, *, is_all: bool
    ) -> dict[str, TaskStatus]:
        """Return how tasks stand that are shared with others."""
        seen = self._fleet.look(None if is_all else [each.name for each in standings], recent)
        running: dict[str, list[Run]] = {}
        for run in seen.overview.running:
            if run.worker != self._owner:
                running.setdefault(run.task_name, []).append(run)
        return {
            each.name: self._status_again(
                each,
                seen.recent.get(each.name) or Recent((), {}),
                live,
                seen.overview.rows.get(each.name),
                running.get(each.name, ()),
            )
            for each in standings
        }

    def _status_again(
        self,
        standing: Standing,
        remembered: Recent,
        live: _Live,
        row: TaskRow | None,
        others: Sequence[Run],
    ) -> TaskStatus:
        """Return how a task stands: made but once, for as long as that is as it was."""
        is_still = row is not None and standing.is_joined and not standing.running
        if others or not is_still or standing.name in live:
            return self._status(standing, remembered, live, row, others)
        mark = (
            *(row, remembered, standing.latest, standing.schedule, standing.next_due),
            *(standing.spread, standing.starts, standing.failures_in_row, standing.last_success),
            *(standing.is_over, standing.over_reason, standing.zombies),
        )
        known = self._fleet.statuses.get(standing.name)
        if known is None or not all(map(is_, mark, known[0])):
            known = mark, self._status(standing, remembered, live, row)
            self._fleet.statuses[standing.name] = known
        # Whoever has it may change what can be changed of it.
        return replace(known[1], counts=dict(known[1].counts))

    async def workers(self) -> list[WorkerStatus]:
        """Return the workers that share the store, those that are alive first.

        Raises:
            StoreError: The store does not answer.
        """
        standings = list(self._worker.standings.values())
        live = [self._mine(run) for standing in standings for run in standing.live]
        sharing = self._worker.sharing
        if sharing is None:
            return [self._fleet.alone(live)]
        overview, rows = await self._read(self._fleet.workers)
        running: dict[str | None, list[Run]] = {self._owner: live}
        for run in overview.running:
            if run.worker != self._owner:
                running.setdefault(run.worker, []).append(run)
        statuses = [
            WorkerStatus(
                row.id,
                row.host,
                row.pid,
                instant_of(row.started),
                instant_of(row.seen),
                row.version,
                row.tasks,
                tuple(running.get(row.id, ())),
                is_alive=row.seen >= overview.now - sharing.grace,
            )
            for row in rows
            if not row.has_left
        ]
        return sorted(statuses, key=lambda each: (not each.is_alive, each.started, each.id))

    async def history(self, wanted: Wanted, standing: Standing | None) -> list[Run]:
        """Return the records that are *wanted* of the task, or of all, the newest first.

        Raises:
            StoreError: The store does not answer.
        """
        if standing is not None and not standing.is_shared:
            return self._recorded([standing], wanted)
        runs = self._told(await self._read(partial(self._store.find, wanted)))
        if standing is not None:
            return runs
        own = [each for each in self._worker.standings.values() if not each.is_shared]
        runs += self._recorded(own, wanted)
        return sorted(runs, key=place_of, reverse=True)[: wanted.limit]

    async def upcoming(
        self, standings: Sequence[Standing], number: int, until: datetime | None, *, is_all: bool
    ) -> dict[str, list[datetime]]:
        """Return the next *number* instants of tasks, none of them behind *until*.

        Args:
            standings: Which.
            number: How many of each at the most.
            until: None behind this one.
            is_all: Whether these are all.

        Raises:
            StoreError: The store does not answer.
            Exception: Whatever a schedule of the user's own raises.
        """
        rows: Mapping[str, TaskRow] = {}
        if any(map(self._is_elsewhere, standings)):
            names = None if is_all else [each.name for each in standings]
            rows = (await self._read(partial(self._store.overview, names))).rows
        walks = {
            each.name: walk_of(each, told_of(each, rows.get(each.name)), number, until)
            for each in standings
        }
        # Neither on the loop nor in the store's thread: a cron takes long to find what is next.
        return await computed(self._worker.environment.instants, "upcoming", partial(walked, walks))

    async def run(self, run_id: str) -> Run | None:
        """Return the run *run_id*; None: nobody remembers it.

        Raises:
            StoreError: The store does not answer.
        """
        named = named_in(run_id, self._worker.environment.namespace)
        standing = None if named is None else self._worker.standings.get(named[0])
        if standing is not None:
            for run in tuple(standing.live):
                if run.id == run_id:
                    return self._mine(run)
        if standing is not None and not standing.is_shared:
            known = (run for run in self._ours(standing.records.placed()) if run.id == run_id)
            return min(known, key=lambda run: run.kind is RunKind.SKIPPED, default=None)
        found = await self._read(partial(self._store.run, run_id))
        return None if found is None else self._told([found])[0]

    def _is_elsewhere(self, standing: Standing) -> bool:
        return standing.is_shared and self._worker.is_remote

    def _remembered(self, standing: Standing, limit: int) -> Recent:
        if standing.is_shared:
            told = self._store.recent([standing.name], limit).get(standing.name, Recent((), {}))
            return Recent(self._ours([*told.runs]), told.counts)
        ledger = standing.records
        runs = self._ours(ledger.placed(limit)) if limit else []
        return Recent(runs, ledger.counts)

    def _recorded(self, standings: Sequence[Standing], wanted: Wanted) -> list[Run]:
        ledgers = {each.name: each.records for each in standings}

        def latest(names: Sequence[str], number: int) -> dict[str, list[Run]]:
            return {name: ledgers[name].placed(number) for name in names}

        return self._ours(newest_of(list(ledgers), wanted, latest))

    def _told(self, runs: list[Run]) -> list[Run]:
        """Return *runs* that the store has told of, which knows no worker if there is but one."""
        return runs if self._worker.is_remote else self._ours(runs)

    def _ours(self, runs: list[Run]) -> list[Run]:
        """Return *runs*, of which no other worker can have had one."""
        for run in runs:
            if run.kind is not RunKind.SKIPPED:
                self._mine(run)
        return runs

    def _mine(self, run: Run) -> Run:
        run._worker = self._owner
        return run

    def _status(
        self,
        standing: Standing,
        remembered: Recent,
        live: _Live,
        row: TaskRow | None = None,
        others: Sequence[Run] = (),
    ) -> TaskStatus:
        """Return how a task stands: here, and where it is shared with others, by its *row*."""
        running = (*live.get(standing.name, ()), *others)
        now = standing.timeline.at(self._worker.environment.clock.monotonic())
        told = told_of(standing, row)
        state = self._state(standing, is_paused=told.is_paused, is_running=bool(running))
        due = told.next_due
        next_run = None
        if due is not None and state in (TaskState.WAITING, TaskState.RUNNING):
            next_run = instant_of(due + standing.delay_of(due))
        success, until = told.last_success, told.paused_until
        return TaskStatus(
            name=standing.task.name,
            schedule=self._fleet.words_of(standing),
            state=state,
            next_run=next_run,
            running=running,
            last_run=told.last_run,
            last_success=None if success is None else instant_of(success),
            starts=told.starts,
            failures_in_row=told.failures_in_row,
            counts=dict(remembered.counts),
            reason=told.paused_reason if told.is_paused else standing.over_reason,
            paused_until=None if until is None else instant_of(until),
            is_stuck=any(is_stuck(standing, run, now) for run in running),
            zombies=standing.zombies,
            recent=tuple(remembered.runs),
            schedule_text=standing.unbound.text,
        )

    def _state(self, standing: Standing, *, is_paused: bool, is_running: bool) -> TaskState:
        observes = isinstance(self._worker.sharing, Observing) and standing.is_shared
        if not (self._worker.is_live or observes):
            return TaskState.DISABLED
        if is_paused:
            return TaskState.PAUSED
        if standing.is_over:
            is_finished = standing.over_reason == "finished"
            return TaskState.FINISHED if is_finished else TaskState.STOPPED
        return TaskState.RUNNING if standing.running or is_running else TaskState.WAITING
