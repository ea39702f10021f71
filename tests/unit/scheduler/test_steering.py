"""Pause, resume, trigger, reschedule, cancel, and how a task stands."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest

from ostinato import (
    AlreadyRunningError,
    Cron,
    Delay,
    Every,
    ForeignLoopError,
    InvalidArgumentError,
    Missed,
    NotRunningError,
    Once,
    Outcome,
    Overlap,
    Run,
    RunKind,
    Scheduler,
    Scope,
    SkipReason,
    TaskNotFoundError,
    TaskState,
    TooFrequentError,
)
from ostinato.protocols import Schedule
from ostinato.testing import simulate
from tests.support.simulated import at, dues, ends, recorded, skips, sleeping, starts, told

SCOPES = [Scope.PROCESS, Scope.CLUSTER]
# Whether a run's first step is taken at once.
IS_EAGER = sys.version_info >= (3, 12)


async def nothing() -> None: ...


@pytest.mark.parametrize("scope", SCOPES)
async def test_s92_the_ticks_of_a_pause_are_skipped(scope: Scope) -> None:
    """S92: resuming does not catch up; the ticks in between are `skipped(paused)`."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.pause(nothing, reason="moving house")
        status = await scheduler.status(nothing)
        assert (status.state, status.reason) == (TaskState.PAUSED, "moving house")
        assert status.next_run is None
        await sim.advance(seconds=30)
        await scheduler.resume(nothing)
        await sim.advance(seconds=10)

        assert dues(sim.runs(nothing)) == [0, 10, 50]
        assert skips(sim, nothing) == [(20, 40, 3, SkipReason.PAUSED)]
        assert (await scheduler.status(nothing)).state is TaskState.WAITING
        assert (told(sim)["task_paused"], told(sim)["task_resumed"]) == (1, 1)


@pytest.mark.parametrize("scope", SCOPES)
async def test_s92_who_asks_catches_up(scope: Scope) -> None:
    """S92: with `catch_up=True` the ticks of the pause are missed ones, for the policy."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, missed=Missed.RUN_ALL, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.pause(nothing)
        await sim.advance(seconds=30)
        await scheduler.resume(nothing, catch_up=True)
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [0, 10, 20, 30, 40]
        assert sim.skipped(nothing) == []


@pytest.mark.parametrize("scope", SCOPES)
async def test_s92_a_pause_ends_by_itself(scope: Scope) -> None:
    """S92: at `until` the task goes on, and what fell due before is skipped."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.pause(nothing, until=at(35))
        assert (await scheduler.status(nothing)).paused_until == at(35)
        await sim.advance(seconds=30)
        status = await scheduler.status(nothing)

        assert dues(sim.runs(nothing)) == [0, 10, 40]
        assert skips(sim, nothing) == [(20, 30, 2, SkipReason.PAUSED)]
        assert (status.state, status.paused_until) == (TaskState.WAITING, None)
        assert told(sim)["task_resumed"] == 1


async def test_s92_a_pause_that_is_over_already_ends_at_once() -> None:
    """S92: an instant of the past pauses for a moment."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.pause(nothing, until=at(3))
        await sim.advance(seconds=10)

        assert dues(sim.runs(nothing)) == [0, 10, 20]
        assert sim.skipped(nothing) == []


async def test_s92_the_pause_of_a_finished_task_ends_by_itself_too() -> None:
    """S92: even where no tick is left."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, max_runs=1)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.pause(nothing, until=at(30))
        await sim.advance(seconds=15)

        assert (await scheduler.status(nothing)).state is TaskState.FINISHED


async def test_s92_a_pause_does_not_touch_the_run_under_way() -> None:
    """S92: it ends by itself; the ticks under it belong to the pause."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause(task)
        await sim.advance(seconds=30)
        assert ends(sim.runs(task)) == [(0, "succeeded")]
        assert sim.skipped(task) == []
        await scheduler.resume(task)
        await sim.advance(seconds=6)

        assert skips(sim, task) == [(10, 30, 3, SkipReason.PAUSED)]
        (run,) = (await scheduler.status(task)).running
        assert dues([run]) == [40]


async def test_s92_a_queued_tick_is_skipped_with_the_pause() -> None:
    """S92: what waited for the run to end when the pause began does not start in it, or after."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, overlap=Overlap.QUEUE_ONE)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.pause(task)
        await sim.advance(seconds=20)
        await scheduler.resume(task)
        await sim.advance(seconds=6)

        assert skips(sim, task) == [(10, 30, 3, SkipReason.PAUSED)]
        (run,) = (await scheduler.status(task)).running
        assert (dues([run]), starts([run])) == ([40], [40])


async def test_s92_the_tick_of_a_delay_waits_for_the_end_of_the_pause() -> None:
    """S92: a fixed delay has one tick, and no grid on which it could be passed over."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause(nothing)
        await sim.advance(seconds=20)
        await scheduler.resume(nothing)
        await sim.advance(seconds=11)

        assert starts(sim.runs(nothing)) == [0, 25, 35]


async def test_s92_pausing_twice_and_resuming_twice_is_harmless() -> None:
    """S92: the last reason counts; who is not paused is not resumed."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await scheduler.pause(nothing, reason="one", until=at(20))
        await scheduler.pause(nothing, reason="two")
        assert (await scheduler.status(nothing)).reason == "two"
        await sim.advance(seconds=25)
        await scheduler.resume(nothing)
        await scheduler.resume(nothing)

        assert told(sim)["task_resumed"] == 1


async def test_s92_the_end_of_a_pause_needs_a_time_zone() -> None:
    """S92: a naive instant names none."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler):
        with pytest.raises(InvalidArgumentError, match="has no time zone"):
            await scheduler.pause(nothing, until=datetime(2030, 1, 1))  # noqa: DTZ001 - it is refused


@pytest.mark.parametrize("scope", SCOPES)
async def test_s93_a_manual_run_has_an_id_of_its_own_and_moves_no_tick(scope: Scope) -> None:
    """S93: the grid goes on as it was, and the manual run is not counted among the ticks."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        run = await scheduler.trigger(nothing, wait=True)
        again = await scheduler.trigger(nothing, wait=True)
        await sim.advance(seconds=10)

        assert (run.kind, run.outcome) == (RunKind.MANUAL, Outcome.SUCCEEDED)
        assert len({each.id for each in sim.runs(nothing)}) == 4
        assert run.id != again.id
        assert dues(sim.runs(nothing)) == [0, 5, 5, 10]
        assert await recorded(scheduler, nothing) == {"succeeded": 2}
        assert (await scheduler.status(nothing)).starts == 2


async def test_s93_a_trigger_returns_when_the_run_has_begun_or_ended() -> None:
    """S93: `wait=True` waits for the end; who waits may be cancelled, and the run goes on."""
    scheduler, task = Scheduler(), sleeping(5)
    scheduler.every(hours=1, start=3_600)(task)

    async with simulate(scheduler) as sim:
        run = await scheduler.trigger(task)
        assert run.outcome is None
        await sim.advance(seconds=10)
        waiting = asyncio.create_task(scheduler.trigger(task, wait=True))
        await sim.advance(seconds=2)
        waiting.cancel()
        await sim.advance(seconds=10)

        assert waiting.cancelled()
        assert ends(sim.runs(task)) == [(0, "succeeded"), (10, "succeeded")]


async def test_s93_a_manual_run_does_not_reset_a_fixed_delay() -> None:
    """S93: the delay still counts from the last tick's run."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.trigger(nothing)
        await sim.advance(seconds=6)

        assert starts(sim.runs(nothing)) == [0, 5, 10]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE_ONE, Overlap.CANCEL_OTHER])
async def test_s93_a_trigger_obeys_overlap(overlap: Overlap, scope: Scope) -> None:
    """S93: while a run is under way, and none may be beside it, a trigger is refused."""
    scheduler, task = Scheduler(), sleeping(5)
    scheduler.every(seconds=10, overlap=overlap, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)

        with pytest.raises(AlreadyRunningError, match="is running"):
            await scheduler.trigger(task)


@pytest.mark.parametrize("scope", SCOPES)
async def test_s93_a_trigger_works_while_the_task_is_paused_or_over(scope: Scope) -> None:
    """S93: the pause is about ticks; and so is their end."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, max_runs=1, name="over", scope=scope)(nothing)
    scheduler.every(seconds=10, name="paused", scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause("paused")
        await scheduler.trigger("paused", wait=True)
        await scheduler.trigger("over", wait=True)
        await sim.advance(seconds=60)

        assert dues(sim.runs("paused")) == [0, 5]
        assert dues(sim.runs("over")) == [0, 5]
        assert (await scheduler.status("over")).state is TaskState.FINISHED


async def test_s93_a_task_cannot_trigger_itself_beside_itself() -> None:
    """S93: a run under way is one, for its own body too."""
    scheduler, refused = Scheduler(), []

    @scheduler.every(seconds=10)
    async def task() -> None:
        try:
            await scheduler.trigger(task)
        except AlreadyRunningError as error:
            refused.append(error.task_name)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert len(refused) == 1


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_rescheduled_task_follows_its_new_schedule_from_then_on(scope: Scope) -> None:
    """It is due when the new schedule says, counted from then, and not at once."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler, start=at(0.0004)) as sim:
        await sim.advance(seconds=15)
        await scheduler.reschedule(nothing, Every(seconds=4))
        await sim.advance(seconds=9)
        assert [round(each) for each in dues(sim.runs(nothing))] == [0, 10, 19, 23]
        await scheduler.reschedule(nothing, Cron("* * * * *"))
        await sim.advance(seconds=40)
        assert [round(each) for each in dues(sim.runs(nothing))][4:] == [60]
        await scheduler.reschedule(nothing, Delay(seconds=7))
        await sim.advance(seconds=16)

        assert [round(each) for each in dues(sim.runs(nothing))][5:] == [71, 78]
        assert sim.skipped(nothing) == []
        assert told(sim)["task_rescheduled"] == 3


async def test_a_task_that_is_rescheduled_under_a_run_goes_on_behind_it() -> None:
    """The run under way ends by itself; the new grid holds from the rescheduling on."""
    scheduler, task = Scheduler(), sleeping(8)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.reschedule(task, Every(seconds=20))
        await sim.advance(seconds=29)

        assert dues(sim.runs(task)) == [0, 25]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s29_the_ticks_of_a_pause_survive_a_rescheduling(scope: Scope) -> None:
    """S29: what fell due under the old schedule is accounted for; the pause goes on."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause(nothing)
        await sim.advance(seconds=30)
        await scheduler.reschedule(nothing, Every(seconds=7))
        await sim.advance(seconds=15)
        assert dues(sim.runs(nothing)) == [0]
        await scheduler.resume(nothing)
        await sim.advance(seconds=7)

        assert skips(sim, nothing) == [(10, 49, 5, SkipReason.PAUSED)]
        assert dues(sim.runs(nothing)) == [0, 56]


@pytest.mark.parametrize("schedule", [Once(datetime(2029, 1, 1, tzinfo=UTC)), Every(hours=1)])
async def test_s91_a_task_that_has_had_all_its_runs_has_no_more(schedule: object) -> None:
    """S91: a new schedule does not raise the limit, and `on_complete` is not called again."""
    scheduler, completed = Scheduler(), []
    scheduler.every(seconds=10, max_runs=2, on_complete=lambda: completed.append(1))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=30)
        await scheduler.reschedule(nothing, schedule)
        await sim.advance(hours=2)

        assert dues(sim.runs(nothing)) == [0, 10]
        assert completed == [1]
        assert (await scheduler.status(nothing)).state is TaskState.FINISHED


async def test_a_finished_task_can_be_given_another_schedule() -> None:
    """Where there are ticks again, they run."""
    scheduler = Scheduler()
    scheduler.add(Once(at(10)), nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=20)
        assert (await scheduler.status(nothing)).state is TaskState.FINISHED
        await scheduler.reschedule(nothing, Once(at(30)))
        assert await scheduler.next_run(nothing) == at(30)
        await sim.advance(seconds=20)

        assert dues(sim.runs(nothing)) == [10, 30]


async def test_cancel_tells_whether_the_run_was_under_way() -> None:
    """A run that has ended, or that nobody knows, is not cancelled."""
    scheduler, task = Scheduler(), sleeping(5)
    scheduler.every(seconds=10)(task)
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        (run,) = (await scheduler.status(task)).running
        assert await scheduler.cancel(run.id)
        await sim.advance(seconds=1)

        assert not await scheduler.cancel(run.id)
        assert not await scheduler.cancel("default/nobody/2030-01-01T00:00:00.000Z")
        assert run.outcome is Outcome.CANCELLED
        assert run.cancelled.is_set()


async def test_a_scheduler_without_tasks_has_nothing_to_cancel() -> None:
    """There is no run of that id."""
    scheduler = Scheduler()

    async with simulate(scheduler):
        assert not await scheduler.cancel("default/nobody/2030-01-01T00:00:00.000Z")


async def test_the_status_tells_how_a_task_stands() -> None:
    """All there is to see of it, under a run and behind it."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, name="task", jitter=2)
    async def task(run: Run) -> None:
        run.progress(0.5, message="half of it")
        await asyncio.sleep(3)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=4)
        (status,) = await scheduler.status()
        assert (status.name, status.state, status.starts) == ("task", TaskState.RUNNING, 1)
        (run,) = status.running
        assert (run.progressed, run.message) == (0.5, "half of it")
        assert (status.last_run, status.last_success) == (None, None)
        await sim.advance(seconds=3)
        status = await scheduler.status("task")

        assert (status.state, status.last_run, status.last_success) == (
            TaskState.WAITING,
            run,
            at(0),
        )
        assert status.schedule == "every 10 seconds, up to 2 seconds later"
        assert status.counts == {"succeeded": 1}
        assert status.next_run is not None
        assert at(10) <= status.next_run <= at(12)
        assert (status.reason, status.is_stuck, status.zombies) == (None, False, 0)


async def test_the_history_has_the_latest_first() -> None:
    """Runs and ranges of skipped ticks, as many as are asked for."""
    scheduler, task = Scheduler(), sleeping(15)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=58)

        history = await scheduler.history(task)
        assert [(each.due, each.kind) for each in history[:2]] == [
            (at(50), RunKind.SKIPPED),
            (at(40), RunKind.TICK),
        ]
        assert dues(history) == [50, 40, 30, 20, 10, 0]
        assert await scheduler.history(task, limit=2) == history[:2]
        assert await scheduler.history(task, limit=0) == []


async def test_steering_needs_a_scheduler_that_runs() -> None:
    """Before the start and after the end there is nothing to steer."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    with pytest.raises(NotRunningError, match="is not running"):
        await scheduler.trigger(nothing)
    with pytest.raises(NotRunningError):
        await scheduler.status()
    async with simulate(scheduler):
        await scheduler.status()
    with pytest.raises(NotRunningError):
        await scheduler.pause(nothing)


async def test_a_task_is_found_by_its_function_its_name_or_itself() -> None:
    """Who is not found is told of with what resembles it."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="tidy")(nothing)

    async with simulate(scheduler):
        task = scheduler.tasks["tidy"]
        for wanted in (nothing, "tidy", task):
            assert (await scheduler.status(wanted)).name == "tidy"
        with pytest.raises(TaskNotFoundError, match="did you mean 'tidy'"):
            await scheduler.status("tydy")
        with pytest.raises(TaskNotFoundError, match="there is no task"):
            await scheduler.status(print)


def test_s74_a_scheduler_is_steered_on_its_own_loop() -> None:
    """S74: a call from another event loop is refused."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async def steer() -> None:
        with pytest.raises(ForeignLoopError):
            await scheduler.trigger(nothing)

    async def main() -> None:
        async with simulate(scheduler):
            await asyncio.to_thread(asyncio.run, steer())

    asyncio.run(main())


async def test_s25_who_catches_up_with_a_pause_obeys_catch_up() -> None:
    """S25: what is older than `catch_up` when the pause ends is too late."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, catch_up=timedelta(seconds=3))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause(nothing)
        await sim.advance(seconds=10)
        await scheduler.resume(nothing, catch_up=True)
        await sim.advance(seconds=10)

        assert dues(sim.runs(nothing)) == [0, 20]
        assert skips(sim, nothing) == [(10, 10, 1, SkipReason.TOO_LATE)]


async def test_a_paused_task_leaves_its_scheduler_without_a_timer() -> None:
    """Where nothing is awaited, nothing wakes."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.pause(nothing)
        # For a minute it is looked whether the run that was under way is stuck.
        await sim.advance(minutes=2)

        assert sim.clock._next_due() is None
        await scheduler.resume(nothing)
        await sim.advance(seconds=5)
        assert dues(sim.runs(nothing)) == [0, 130]


async def test_cancel_finds_its_run_among_others() -> None:
    """Beside it others may be under way."""
    scheduler, task = Scheduler(), sleeping(25)
    scheduler.every(seconds=10, overlap=Overlap.ALLOW)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        _, second = (await scheduler.status(task)).running
        assert await scheduler.cancel(second.id)
        await sim.advance(seconds=1)

        assert ends(sim.runs(task)) == [(10, "cancelled")]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s28_a_rescheduled_task_keeps_its_jitter(scope: Scope) -> None:
    """S28: what was declared about its starts holds for a new schedule, unless that has its own."""
    scheduler = Scheduler()
    scheduler.every(hours=1, jitter=600, scope=scope, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await scheduler.reschedule("task", Every(minutes=30))
        assert (await scheduler.status("task")).schedule.endswith("up to 10 minutes later")
        await sim.advance(hours=5)
        jittered = sim.runs("task")
        late = [a - b for a, b in zip(starts(jittered), dues(jittered), strict=True)]
        await scheduler.reschedule("task", Every(minutes=5).jitter(0))
        await sim.advance(minutes=10)

        assert dues(jittered) == [1_800 * number for number in range(1, len(late) + 1)]
        assert len(set(late)) > 5
        assert 0 <= min(late) <= max(late) <= 600
        assert starts(sim.runs("task"))[-2:] == dues(sim.runs("task"))[-2:]


@pytest.mark.parametrize(
    "schedule",
    [
        Every(seconds=0.049),
        Every(seconds=0.049, align=True),
        Delay(seconds=0.049),
        Every(seconds=0.049).jitter(0.01),
    ],
)
async def test_s2_a_task_that_the_store_is_asked_for_cannot_be_rescheduled_to_any_period(
    schedule: Schedule,
) -> None:
    """S2: a task of the process alone can."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="shared")(nothing)
    scheduler.every(seconds=10, name="own", scope=Scope.PROCESS)(nothing)

    async with simulate(scheduler) as sim:
        with pytest.raises(TooFrequentError):
            await scheduler.reschedule("shared", schedule)
        await scheduler.reschedule("own", schedule)
        await scheduler.reschedule("shared", Every(seconds=0.05))
        await sim.advance(seconds=1)

        assert len(sim.runs("shared")) == 20


async def test_s91_on_complete_is_called_once_however_often_a_task_is_finished() -> None:
    """S91: also where a new schedule gives it further ticks."""
    scheduler, completed = Scheduler(), []
    scheduler.add(Once(at(10)), nothing, on_complete=lambda: completed.append(1))

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        await scheduler.reschedule(nothing, Once(at(30)))
        await sim.advance(seconds=20)

        assert dues(sim.runs(nothing)) == [10, 30]
        assert completed == [1]
        assert (await scheduler.status(nothing)).state is TaskState.FINISHED


@pytest.mark.parametrize("scope", SCOPES)
async def test_s31_rescheduled_to_a_delay_a_task_has_one_run_at_a_time(scope: Scope) -> None:
    """S31: the runs that were under way beside each other do not each begin another."""
    scheduler, task = Scheduler(), sleeping(15)
    scheduler.every(seconds=10, overlap=Overlap.ALLOW, scope=scope)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=12)
        await scheduler.reschedule(task, Delay(seconds=2))
        await sim.advance(seconds=68)

        assert starts(sim.runs(task)) == [0, 10, 27, 44, 61]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("how", ["pause", "reschedule", "pause and resume", "pause and catch up"])
async def test_s92_a_body_steers_a_task_that_is_due_together_with_its_own(
    how: str, scope: Scope
) -> None:
    """S92: the tick of the other, claimed together with its own, heeds it before it begins."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, scope=scope, name="first")
    async def first(run: Run) -> None:
        if run.due != at(10):
            return
        if how == "reschedule":
            await scheduler.reschedule("second", Every(seconds=7))
            return
        await scheduler.pause("second")
        if how != "pause":
            await scheduler.resume("second", catch_up=how == "pause and catch up")

    @scheduler.every(seconds=10, scope=scope, name="second")
    async def second(run: Run) -> None: ...

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=25)
        passed, counts = skips(sim, "second"), await recorded(scheduler, "second")
        is_shared = scope is Scope.CLUSTER

        expected = {
            "pause": ([0], [(10, 10, 1, SkipReason.PAUSED)] if is_shared else []),
            "reschedule": ([0, 17, 24], [(10, 10, 1, SkipReason.OVERLAP)]),
            "pause and resume": (
                ([0, 10, 20], []) if is_shared else ([0, 20], [(10, 10, 1, SkipReason.PAUSED)])
            ),
            "pause and catch up": ([0, 10, 20], []),
        }[how]
        if not IS_EAGER:
            # The other has begun by then.
            begun = {"pause": [0, 10], "reschedule": [0, 10, 17, 24]}
            expected = begun.get(how, [0, 10, 20]), []
        assert (dues(sim.runs("second")), passed) == expected
        assert told(sim)["ticks_skipped"] == len(passed)
        assert sum(counts.values()) == len(sim.runs("second")) + len(passed)


async def test_s91_a_claimed_tick_that_is_not_started_does_not_count() -> None:
    """S91: `max_runs` counts starts."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, name="first", max_runs=1)
    async def first(run: Run) -> None:
        await scheduler.pause("second")

    @scheduler.every(seconds=10, name="second", max_runs=2)
    async def second(run: Run) -> None: ...

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.resume("second")
        await sim.advance(seconds=60)

        assert dues(sim.runs("second")) == ([10, 20] if IS_EAGER else [0, 10])
