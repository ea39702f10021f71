"""Steer a running worker: trigger, pause, resume, reschedule, cancel."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import uuid4

from ostinato._engine._joining import check_told
from ostinato._engine._observing import Observing
from ostinato._engine._past import Past
from ostinato._engine._prepare import (
    bind,
    choose_timeline,
    jittered_as_declared,
    timeline_of,
)
from ostinato._engine._settling import RESUMED
from ostinato._engine._spawn import finish_undisturbed
from ostinato._engine._standing import Standing
from ostinato._engine._ticks import ScheduleTicks
from ostinato._engine._timeline import Timeline
from ostinato._engine._worker import Worker
from ostinato._instants import instant_of, milliseconds_of
from ostinato._lease import Claim, Settlement
from ostinato._outcomes import Backfill, Outcome, RunKind, SkipReason
from ostinato._run import Run
from ostinato.errors import (
    AlreadyRunningError,
    ForeignDeclarationError,
    InvalidArgumentError,
    NotRunningError,
    StoreError,
)
from ostinato.protocols import Schedule

__all__ = ["Steering"]

# Whether a run that was claimed is to begin.
Confirm = Callable[[Run], Awaitable[bool]]


class Steering:
    """What users ask of a worker, about one task at a time."""

    def __init__(self, worker: Worker) -> None:
        """Steer *worker*."""
        self._worker = worker
        self._door = worker.claims.backoff
        self._tell = worker.environment.telling.tell

    async def trigger(self, standing: Standing, *, wait: bool) -> Run:
        """Start a run that moves no tick; with *wait*, return when it has ended.

        Raises:
            AlreadyRunningError: A run is under way, and the policy allows no overlap.
        """
        run = self._run(standing, int(self._now(standing)), RunKind.MANUAL)
        task = await self._started(standing, run)
        if wait and task is not None and not task.done():
            # Whoever waits may be cancelled; the run goes on.
            await asyncio.wait({task})
        return run

    async def backfill(
        self, standing: Standing, start: int, end: int, mode: Backfill, *, most: int | None
    ) -> Past:
        """Return the ticks that are to be run, of those from *start* on and before *end*.

        Args:
            standing: The task's.
            start: From when on, in milliseconds.
            end: Up to when.
            mode: Which of them.
            most: How many there may be; None: any number.

        Raises:
            InvalidArgumentError: They are too many, or are not known beforehand.
            StoreError: The store does not answer.
        """
        if standing.has_delay:
            raise InvalidArgumentError(
                "task", standing.name, "is due some time after each run", "trigger it instead"
            )
        # What is not due yet, or waits to be run, is its schedule's; and nothing is behind its end.
        until, following = standing.task.policy.until, standing.next_due
        end = min(end, int(self._now(standing)) + 1)
        end = min(end, end if following is None else following, end if until is None else until + 1)
        past = Past(self._worker, standing)
        await past.choose(start, end, mode, most=most)
        return past

    def run_again(self, past: Past) -> None:
        """Run ticks of the *past*, one after the other, behind those that wait already."""
        name = past.standing.name
        self._worker.backfilling.add(
            ((name, due), partial(self._run_again, past, due)) for due in past.dues
        )

    async def rerun(self, past: Past, due: int) -> Run | None:
        """Begin a run of the tick of the *past* that was *due* then, in milliseconds; return it.

        None: somebody else has begun one since the tick was chosen.

        Raises:
            AlreadyRunningError: A run is under way, and the policy allows no overlap; or a tick of
                the schedule has its turn.
        """
        run = self._run(past.standing, due, RunKind.BACKFILL)
        return None if await self._begin_again(past, run) is None else run

    async def _run_again(self, past: Past, due: int) -> asyncio.Task[None] | None:
        return await self._begin_again(past, self._run(past.standing, due, RunKind.BACKFILL))

    async def _begin_again(self, past: Past, run: Run) -> asyncio.Task[None] | None:
        if not await past.is_wanted(run._due):
            return None
        past.note_own(run)
        return await self._started(past.standing, run, past.is_still_wanted)

    def _run(self, standing: Standing, due: int, kind: RunKind) -> Run:
        namespace, name = self._worker.environment.namespace, standing.task.name
        run = Run(name, due, namespace, kind, previous_success=standing.last_success)
        # Of its own: two may be started in one millisecond.
        run._rarely.id = f"{namespace}/{name}/{uuid4()}"
        return run

    async def _started(
        self, standing: Standing, run: Run, is_wanted: Confirm | None = None
    ) -> asyncio.Task[None] | None:
        starting = self._start(standing, run, is_wanted)
        if standing.is_shared and self._worker.is_remote:
            # Whoever asks may be cancelled: what the store grants meanwhile is run all the same.
            starting = finish_undisturbed(starting)
        return await starting

    async def _start(
        self, standing: Standing, run: Run, is_wanted: Confirm | None
    ) -> asyncio.Task[None] | None:
        """Start a *run* that moves no tick, if it may run beside those under way.

        Returns:
            None: It was claimed, and is not wanted any more.

        Raises:
            AlreadyRunningError: It may not.
            ForeignDeclarationError: The store goes by another declaration of the task.
            NotRunningError: The scheduler has been stopped meanwhile.
        """
        name, limit = standing.name, standing.concurrency
        if standing.running and limit is not None and standing.running >= limit:
            raise AlreadyRunningError(name)
        if standing.is_shared:
            due, kind, sharing = run._due, run.kind, self._worker.sharing
            if isinstance(sharing, Observing):
                await sharing.make_known(standing)
            claim = Claim(
                name, standing.spec, None, due, None, kind=kind, run_id=run.id, concurrency=limit
            )
            reply = await self._door.claimed([claim])
            row = reply.rows.get(name)
            if not reply.leases and row is not None and row.spec != standing.spec:
                raise ForeignDeclarationError(name, standing.spec, row.spec)
            if not reply.leases:
                raise AlreadyRunningError(name)
            run.token = reply.leases[0].token
            try:
                if is_wanted is not None and not await is_wanted(run):
                    self._give_back(run, limit, "another worker has run it")
                    return None
            except StoreError:
                self._give_back(run, limit, "nobody can tell whether another worker has run it")
                raise
            if not self._worker.is_running:
                self._give_back(run, limit, "the scheduler stops")
                raise NotRunningError(self._worker.environment.namespace)
        return self._worker.claims.performer.start(standing, run)

    def _give_back(self, run: Run, limit: int | None, words: str) -> None:
        """Give the lease of a *run* back that does not begin."""
        run.outcome, run.error = Outcome.CANCELLED, words
        self._door.settle(Settlement(run, concurrency=limit))

    async def pause(self, standing: Standing, reason: str | None, until: datetime | None) -> None:
        """Let no tick of the task run until *until*, or until it is resumed."""
        milliseconds = None if until is None else milliseconds_of(until)
        if standing.is_shared:
            paused = {"paused": True, "paused_reason": reason, "paused_until": milliseconds}
            await self._door.steer(standing.name, paused)
        standing.is_paused, standing.paused_reason = True, reason
        self._worker.claims.settling.paused.add(standing)
        _wait_no_longer(standing)
        standing.paused_until = milliseconds
        standing.timeline.agenda.remove(standing)
        self._worker.put_next(standing)
        self._tell("ostinato.task_paused", standing.task.name, reason=reason or "on request")

    async def resume(self, standing: Standing, *, catch_up: bool) -> None:
        """Let the task's ticks run again: those of the pause are skipped, unless *catch_up*.

        Raises:
            StoreError: The store does not write it; the task stays paused.
        """
        if not (standing.is_paused or (standing.is_shared and self._worker.is_remote)):
            return
        if standing.is_paused and not catch_up:
            await self._skip_passed(standing)
        if standing.is_shared:
            # Also where it is not known here yet that another worker has paused it.
            await self._door.steer(standing.name, RESUMED)
        if standing.is_paused:
            self._worker.claims.settling.note_resumed(standing)

    async def reschedule(self, standing: Standing, schedule: Schedule) -> None:
        """Let the task follow *schedule* from now on.

        Raises:
            InvalidScheduleError: The store is shared with others, who could not read the schedule.
            StoreError: The store does not write it.
            Exception: Whatever a schedule of the user's own raises; then nothing is changed.
        """
        worker = self._worker
        is_elsewhere = standing.is_shared and worker.is_remote
        text = schedule.text
        if is_elsewhere:
            check_told(schedule, text)
        schedule = jittered_as_declared(standing, schedule)
        settling, policy = worker.claims.settling, standing.task.policy
        steady, calendar = worker.steady, worker.calendar
        if is_elsewhere:
            steady = calendar = worker.shared
        # It is due when the new schedule says, counted from now, and not at once.
        begin = -int(-self._now_of(timeline_of(schedule, steady, calendar)) // 1)
        first = ScheduleTicks(schedule.anchored(instant_of(begin))).after(begin)
        words = schedule.describe()
        await self._skip_passed(standing)
        if standing.is_shared:
            followed = None if text == standing.spec else text
            await self._door.steer(
                standing.name, {"next_due": first, "anchor": first, "schedule": followed}
            )
            standing.followed = followed
        standing.timeline.agenda.remove(standing)
        choose_timeline(standing, schedule, steady, calendar)
        bind(standing, schedule, first)
        standing.next_due, standing.spread, standing.behind = first, 0, None
        standing.gaps_until = begin
        _wait_no_longer(standing)
        standing.end_at(policy.until)
        if policy.max_runs is not None and standing.starts >= policy.max_runs:
            standing.next_due = None
        if standing.next_due is not None:
            standing.is_over, standing.over_reason = False, None
        if standing.is_shared and standing.next_due != first:
            await self._door.steer(standing.name, {"next_due": standing.next_due})
        self._tell("ostinato.task_rescheduled", standing.task.name, schedule=words)
        settling.go_on(standing)

    async def _skip_passed(self, standing: Standing) -> None:
        """Skip what is due and was not looked at, and wait until the store has."""
        skipped = asyncio.Event()
        reason = SkipReason.PAUSED if standing.is_paused else SkipReason.OVERLAP
        self._worker.claims.settling.skip_passed(standing, reason, skipped.set)
        if not skipped.is_set():
            await skipped.wait()

    async def cancel(self, run_id: str) -> bool:
        """Ask the run *run_id* to end; return whether it is under way, on whichever worker.

        Raises:
            StoreError: The store does not answer, or does not write it.
        """
        for standing in self._worker.standings.values():
            for run in list(standing.live):
                if run.id == run_id:
                    self._worker.claims.performer.cancel(standing, run)
                    return True
        if not self._worker.is_remote:
            return False
        found = await self._door.read(partial(self._worker.store.run, run_id))
        if found is None or found.outcome is not None:
            return False
        await self._door.steer(found.task_name, {"cancel_requested": found.token})
        return True

    def _now(self, standing: Standing) -> float:
        return self._now_of(standing.timeline)

    def _now_of(self, timeline: Timeline) -> float:
        return timeline.at(self._worker.environment.clock.monotonic())


def _wait_no_longer(standing: Standing) -> None:
    """Let the next tick begin anew to wait for the runs that it cancels."""
    if standing.waits_since is not None:
        standing.is_parked, standing.waits_since = False, None
