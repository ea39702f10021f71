"""Ticks that are due while a run of their task is under way."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from ostinato import (
    AlreadyRunningError,
    Every,
    Missed,
    Outcome,
    Overlap,
    Run,
    Scheduler,
    Scope,
    SkipReason,
)
from ostinato.testing import simulate
from tests.support.simulated import (
    START,
    Gate,
    at,
    block,
    dues,
    ends,
    let_threads_be,
    recorded,
    skips,
    sleeping,
    starts,
    threads_ended,
    told,
)

SCOPES = [Scope.PROCESS, Scope.CLUSTER]
ALL = list(Overlap)


@pytest.mark.parametrize("scope", SCOPES)
async def test_s26_an_overrun_goes_on_at_the_next_tick_of_the_grid(scope: Scope) -> None:
    """S26: ticks passed over are skipped, and none of them is made up for."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=56)

        assert starts(sim.runs(task)) == [0, 30]
        assert skips(sim, task) == [
            (10, 20, 2, SkipReason.OVERLAP),
            (40, 50, 2, SkipReason.OVERLAP),
        ]
        assert await recorded(scheduler, task) == {"succeeded": 2, "skipped(overlap)": 4}


@pytest.mark.parametrize("scope", SCOPES)
async def test_s32_queue_one_runs_the_oldest_tick_that_waited(scope: Scope) -> None:
    """S32: one tick waits for the end of the run, the oldest; those behind it are skipped."""
    scheduler, task = Scheduler(), sleeping(35)
    scheduler.every(seconds=10, overlap=Overlap.QUEUE_ONE, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=105)

        assert dues(sim.runs(task)) == [0, 10, 40]
        assert starts(sim.runs(task)) == [0, 35, 70]
        assert skips(sim, task) == [
            (20, 30, 2, SkipReason.OVERLAP),
            (50, 70, 3, SkipReason.OVERLAP),
            (90, 100, 2, SkipReason.OVERLAP),
        ]


async def test_s32_queue_one_queues_behind_a_manual_run_too() -> None:
    """S32: the oldest tick that fell due under a manual run starts at its end."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, start=10, overlap=Overlap.QUEUE_ONE)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.trigger(task)
        await sim.advance(seconds=55)

        assert ends(sim.runs(task)) == [(5, "succeeded"), (10, "succeeded")]
        assert starts(sim.runs(task)) == [5, 30]
        assert skips(sim, task) == [
            (20, 30, 2, SkipReason.OVERLAP),
            (50, 50, 1, SkipReason.OVERLAP),
        ]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s31_allow_runs_side_by_side(scope: Scope) -> None:
    """S31: with `Overlap.ALLOW` each tick runs at its time."""
    scheduler, under_way, most = Scheduler(), [0], [0]

    @scheduler.every(seconds=10, overlap=Overlap.ALLOW, scope=scope)
    async def task() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        await asyncio.sleep(25)
        under_way[0] -= 1

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=79)

        assert starts(sim.runs(task)) == [0, 10, 20, 30, 40, 50]
        assert most == [3]
        assert sim.skipped(task) == []


@pytest.mark.parametrize("scope", SCOPES)
async def test_s31_max_concurrency_limits_what_runs_side_by_side(scope: Scope) -> None:
    """S31: a tick beyond `max_concurrency` is skipped."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, overlap=Overlap.ALLOW, max_concurrency=2, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=69)

        assert starts(sim.runs(task)) == [0, 10, 30, 40]
        assert skips(sim, task) == [
            (20, 20, 1, SkipReason.OVERLAP),
            (50, 50, 1, SkipReason.OVERLAP),
        ]


async def test_s31_a_max_concurrency_of_one_skips() -> None:
    """S31: one at a time, and no late start behind it."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, overlap=Overlap.ALLOW, max_concurrency=1)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=56)

        assert starts(sim.runs(task)) == [0, 30]
        assert sum(each.count for each in sim.skipped(task)) == 4


async def test_s31_a_delay_that_allows_overlap_goes_on() -> None:
    """S31: a fixed delay counts from the end of its run, whatever is allowed beside it."""
    scheduler, task = Scheduler(), sleeping(5)
    scheduler.delay(seconds=10, overlap=Overlap.ALLOW)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=36)

        assert starts(sim.runs(task)) == [0, 15, 30]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s33_cancel_other_waits_for_the_cancelled_run_to_end(scope: Scope) -> None:
    """S33: the next tick cancels the run under way, awaits its clean-up, and then runs."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, overlap=Overlap.CANCEL_OTHER, scope=scope)
    async def task() -> None:
        try:
            await asyncio.sleep(25)
        finally:
            await asyncio.sleep(2)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=31)

        assert ends(sim.runs(task)) == [(0, "cancelled"), (10, "cancelled")]
        assert starts(sim.runs(task)) == [0, 12]
        assert sim.skipped(task) == []
        (run,) = (await scheduler.status(task)).running
        assert dues([run]) == [20]


async def test_s33_a_run_that_ends_in_time_is_not_cancelled() -> None:
    """S33: there is nothing to cancel between two ticks."""
    scheduler, task = Scheduler(), sleeping(5)
    scheduler.every(seconds=10, overlap=Overlap.CANCEL_OTHER)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=29)

        assert ends(sim.runs(task)) == [(0, "succeeded"), (10, "succeeded"), (20, "succeeded")]


async def test_s33_ticks_that_pass_while_a_run_heeds_its_cancellation_are_coalesced() -> None:
    """S33: when the cancelled run has ended, the newest tick runs."""
    scheduler = Scheduler()

    @scheduler.every(seconds=2, overlap=Overlap.CANCEL_OTHER)
    async def task() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            await asyncio.sleep(2.5)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert skips(sim, task) == [(2, 2, 1, SkipReason.COALESCED)]
        (run,) = (await scheduler.status(task)).running
        assert (dues([run]), starts([run])) == ([4], [4.5])


def stubborn(heeds: int) -> Callable[[], Awaitable[None]]:
    """Return a task that heeds the cancellation of that number, and none before."""
    left = [heeds]

    async def task() -> None:
        while True:
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                left[0] -= 1
                if not left[0]:
                    raise

    return task


@pytest.mark.parametrize("scope", SCOPES)
async def test_s33_a_run_that_heeds_nothing_is_not_waited_for_without_limit(scope: Scope) -> None:
    """S33: after the grace the tick is skipped, and the run is stuck; the next tick tries again."""
    scheduler, task = Scheduler(cancel_grace=4), stubborn(3)
    scheduler.every(seconds=10, overlap=Overlap.CANCEL_OTHER, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=13.9)
        assert sim.skipped(task) == []
        await sim.advance(seconds=0.1)
        assert skips(sim, task) == [(10, 10, 1, SkipReason.OVERLAP)]
        assert told(sim)["run_stuck"] == 1
        await sim.advance(seconds=17)

        assert skips(sim, task) == [(10, 20, 2, SkipReason.OVERLAP)]
        assert told(sim)["run_stuck"] == 1
        assert ends(sim.runs(task)) == [(0, "cancelled")]
        (run,) = (await scheduler.status(task)).running
        assert dues([run]) == [30]


@pytest.mark.parametrize("how", ["pause", "reschedule"])
async def test_s33_the_grace_begins_again_for_a_task_that_is_steered(how: str) -> None:
    """S33: the tick that waited is skipped, and the next one tries again."""
    scheduler, task = Scheduler(), stubborn(2)
    scheduler.every(seconds=10, overlap=Overlap.CANCEL_OTHER)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=11)
        if how == "pause":
            await scheduler.pause(task)
            await sim.advance(seconds=1)
            await scheduler.resume(task)
        else:
            await scheduler.reschedule(task, Every(seconds=9))
        await sim.advance(seconds=10)

        assert ends(sim.runs(task)) == [(0, "cancelled")]
        (run,) = (await scheduler.status(task)).running
        assert dues([run]) == [20]


@pytest.mark.parametrize("overlap", [each for each in ALL if each is not Overlap.ALLOW])
async def test_s31_no_two_runs_overlap(overlap: Overlap) -> None:
    """S31: whatever the policy, but for `ALLOW`, there is one run at a time."""
    scheduler, under_way, most = Scheduler(), [0], [0]

    @scheduler.every(seconds=10, overlap=overlap)
    async def task() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        try:
            await asyncio.sleep(14)
        finally:
            under_way[0] -= 1

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=10)

        assert most == [1]


@pytest.mark.parametrize("overlap", ALL)
async def test_s35_a_cancelled_run_frees_its_slot(overlap: Overlap) -> None:
    """S35: behind a run that was cancelled the task goes on at its next tick."""
    scheduler, task = Scheduler(), sleeping(1_000)
    scheduler.every(seconds=10, overlap=overlap)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        (run,) = (await scheduler.status(task)).running
        assert await scheduler.cancel(run.id)
        await sim.advance(seconds=5)

        assert ends(sim.runs(task)) == [(0, "cancelled")]
        (run,) = (await scheduler.status(task)).running
        assert dues([run]) == [10]


async def test_s35_a_run_that_is_cancelled_before_it_begins_frees_its_slot() -> None:
    """S35: a run that was triggered and cancelled at once ends, and blocks nothing."""
    scheduler, task = Scheduler(), sleeping(1_000)
    scheduler.every(seconds=10, start=10)(task)

    async with simulate(scheduler) as sim:
        run = await scheduler.trigger(task)
        assert await scheduler.cancel(run.id)
        await sim.advance(seconds=0)

        assert run.outcome == "cancelled"
        assert (await scheduler.status(task)).running == ()
        await sim.advance(seconds=10)
        assert len((await scheduler.status(task)).running) == 1


@pytest.mark.parametrize("scope", SCOPES)
async def test_s32_ticks_under_a_manual_run_are_skipped(scope: Scope) -> None:
    """S32: a manual run passes ticks over as any other does: none of them starts late."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, start=10, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.trigger(task)
        await sim.advance(seconds=36)

        assert skips(sim, task) == [(10, 30, 3, SkipReason.OVERLAP)]
        (run,) = (await scheduler.status(task)).running
        assert (dues([run]), starts([run])) == ([40], [40])


async def test_s31_a_delay_waits_for_a_manual_run() -> None:
    """S31: the one tick of a fixed delay is not passed over: it runs when it may."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.delay(seconds=10, start=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.trigger(task)
        await sim.advance(seconds=51)

        assert starts(sim.runs(task)) == [5, 30]
        assert sim.skipped(task) == []


async def test_s24_run_all_catches_up_one_behind_the_other() -> None:
    """S24: with `Missed.RUN_ALL` slow runs do not pass over what is still to be caught up with."""
    scheduler, task = Scheduler(), sleeping(3)
    scheduler.every(seconds=10, missed=Missed.RUN_ALL)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 30)
        await sim.advance(seconds=20)

        assert starts(sim.runs(task)) == [0, 35, 38, 41, 44, 50]
        assert dues(sim.runs(task)) == [0, 10, 20, 30, 40, 50]
        assert sim.skipped(task) == []


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("overlap", ALL)
@pytest.mark.parametrize("is_cron", [False, True])
async def test_s24_run_all_catches_up_whatever_the_overlap_policy(
    overlap: Overlap, scope: Scope, is_cron: bool
) -> None:
    """S24: each missed tick waits for the run of the one before it, and none gives way."""
    scheduler, task = Scheduler(), sleeping(2)
    policy = {"missed": Missed.RUN_ALL, "overlap": overlap, "scope": scope}
    if is_cron:
        scheduler.cron("*/10 * * * * *", seconds=True, start=START, **policy)(task)
    else:
        scheduler.every(seconds=10, start=10, **policy)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        block(sim, 20)
        await sim.advance(seconds=25)

        assert dues(sim.runs(task)) == [10, 20, 30, 40, 50]
        assert starts(sim.runs(task)) == [10, 35, 37, 40, 50]
        assert {each.outcome for each in sim.runs(task)} == {Outcome.SUCCEEDED}
        assert sim.skipped(task) == []


@pytest.mark.parametrize("scope", SCOPES)
async def test_s24_run_all_side_by_side_waits_no_longer_once_it_has_caught_up(scope: Scope) -> None:
    """S24, S31: where that would have no end, what falls due meanwhile runs beside the others."""
    scheduler, task = Scheduler(), sleeping(25)
    policy = {"missed": Missed.RUN_ALL, "overlap": Overlap.ALLOW, "max_concurrency": 2}
    scheduler.every(seconds=20, start=20, scope=scope, **policy)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        block(sim, 26)
        await sim.advance(seconds=85)

        assert starts(sim.runs(task)) == [41, 66, 91, 91]
        assert dues(sim.runs(task)) == [20, 40, 60, 80]
        assert skips(sim, task) == [(100, 100, 1, SkipReason.OVERLAP)]


@pytest.mark.parametrize("limit", [None, 2])
async def test_s24_run_all_side_by_side_catches_up_with_what_falls_due_meanwhile(
    limit: int | None,
) -> None:
    """S24, S31: one behind the other as well, for as long as it comes nearer."""
    scheduler, under_way, most = Scheduler(), [0], [0]
    policy = {"missed": Missed.RUN_ALL, "overlap": Overlap.ALLOW, "max_concurrency": limit}

    @scheduler.every(seconds=60, **policy)
    async def task() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        await asyncio.sleep(30)
        under_way[0] -= 1

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=59)
        block(sim, 3_600)
        await sim.advance(hours=2)

        assert dues(sim.runs(task)) == [60 * number for number in range(181)]
        # The one that falls due under the run of the last is on time.
        assert most == [2]


async def test_s24_what_is_caught_up_with_waits_for_a_run_by_hand() -> None:
    """S24, S93: it is passed over by none that came late itself."""
    scheduler, task = Scheduler(), sleeping(3)
    scheduler.every(seconds=10, start=10, missed=Missed.RUN_ALL)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause(task)
        await sim.advance(seconds=29)
        await scheduler.trigger(task)
        await scheduler.resume(task, catch_up=True)
        await sim.advance(seconds=20)

        assert dues(sim.runs(task)) == [34, 10, 20, 30, 40, 50]
        assert starts(sim.runs(task)) == [34, 37, 40, 43, 46, 50]


async def test_s24_what_is_caught_up_with_waits_for_a_thread_left_behind() -> None:
    """S24, S34: a run that goes on after its timeout is still one under way."""
    scheduler = Scheduler(threads=2)

    @scheduler.every(seconds=10, start=10, missed=Missed.RUN_ALL, timeout=1)
    def task(run: Run) -> None:
        seen.append(run.due)
        if len(seen) == 1:
            gate.keep()

    seen: list[datetime] = []
    async with simulate(scheduler) as sim:
        gate = Gate()
        let_threads_be(sim)
        await sim.advance(seconds=5)
        block(sim, 30)
        await sim.advance(seconds=0)
        await gate.begun()
        await sim.advance(seconds=2)
        assert ends(sim.runs(task)) == [(10, "timed_out")]
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=1)
        await threads_ended(sim)
        await sim.advance(seconds=1)
        await threads_ended(sim)

        assert seen == [at(10), at(20), at(30)]
        assert sim.skipped(task) == []


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("overlap", ALL)
async def test_s29_every_tick_of_an_hour_is_accounted_for(overlap: Overlap, scope: Scope) -> None:
    """S29: with bodies slower than the period, runs and skipped ticks add up to the ticks due."""
    scheduler, lengths = Scheduler(), [3, 17, 0, 42, 10, 9.5, 31]

    @scheduler.every(seconds=10, overlap=overlap, scope=scope)
    async def task() -> None:
        lengths.append(lengths.pop(0))
        await asyncio.sleep(lengths[-1])

    async with simulate(scheduler) as sim:
        await sim.advance(hours=1)
        status = await scheduler.status(task)
        assert status.next_run is not None
        due = (status.next_run - START).total_seconds() / 10

        assert sum(status.counts.values()) + len(status.running) == due
        assert told(sim)["run_failed"] == 0


async def test_s31_a_trigger_obeys_max_concurrency() -> None:
    """S31: manual runs take slots as well."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, start=at(100), overlap=Overlap.ALLOW, max_concurrency=2)(task)

    async with simulate(scheduler):
        await scheduler.trigger(task)
        await scheduler.trigger(task)

        with pytest.raises(AlreadyRunningError):
            await scheduler.trigger(task)
