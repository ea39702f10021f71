"""Whatever is done to a scheduler, each tick that was due is accounted for, once."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ostinato import AlreadyRunningError, Every, Missed, Overlap, RunKind, Scheduler, Scope
from ostinato._instants import milliseconds_of
from ostinato.testing import Simulation, simulate

PERIODS = [1, 7, 10, 60]
POLICIES = st.fixed_dictionaries(
    {
        "missed": st.sampled_from(Missed),
        "overlap": st.sampled_from(Overlap),
        "scope": st.sampled_from(Scope),
    },
    optional={
        "catch_up": st.sampled_from([0, 5, 30]),
        "timeout": st.sampled_from([0.5, 3, 20]),
        "retry": st.sampled_from([1, 3]),
        "jitter": st.just(0.9),
        "pause_after_failures": st.just(3),
    },
)


class Body:
    """Takes as long, and fails as often, as it is told."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.fails = False
        self.under_way = 0
        self.most = 0

    async def run(self) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
            if self.fails:
                raise ValueError
        finally:
            self.under_way -= 1


class Accounting(RuleBasedStateMachine):
    """One task, its scheduler, and all that can happen to the two."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack: AsyncExitStack | None = None
        self.sim: Simulation | None = None

    @initialize(
        policy=POLICIES,
        period=st.sampled_from(PERIODS),
        align=st.booleans(),
        is_wild=st.booleans(),
    )
    def declare(self, policy: dict[str, object], period: int, align: bool, is_wild: bool) -> None:
        self.scheduler, self.body, self.policy = Scheduler(), Body(), policy
        # In every other history nothing changes the grid: then it can be checked tick by tick.
        self.is_wild = is_wild
        # An aligned grid follows the wall clock.
        self.scheduler.every(seconds=period, align=align, name="task", **policy)(self.body.run)
        self.start()

    def start(self) -> None:
        async def enter() -> Simulation:
            self.stack = AsyncExitStack()
            return await self.stack.enter_async_context(simulate(self.scheduler))

        self.sim = self.runner.run(enter())
        self.standing = self.sim._worker.standing_of("task")

    @precondition(lambda self: self.sim is not None)
    @rule(seconds=st.sampled_from([0, 0.5, 3, 10, 33, 120]))
    def advance_a_little(self, seconds: float) -> None:
        self.advance(seconds)

    @precondition(lambda self: self.sim is not None)
    @rule(seconds=st.floats(0, 200).map(lambda each: round(each, 3)))
    def advance(self, seconds: float) -> None:
        self.runner.run(self.sim.advance(seconds=seconds))

    @precondition(lambda self: self.sim is not None)
    @rule(seconds=st.sampled_from([0.3, 2, 15, 45, 700]))
    def block(self, seconds: float) -> None:
        self.sim.clock._elapsed += round(seconds * 1_000_000)

    @rule(seconds=st.sampled_from([0, 0.2, 4, 25]), fails=st.booleans())
    def change(self, seconds: float, fails: bool) -> None:
        self.body.seconds, self.body.fails = seconds, fails

    @precondition(lambda self: self.sim is not None)
    @rule(seconds=st.sampled_from([None, -30, 5, 50]))
    def pause(self, seconds: float | None) -> None:
        async def pause() -> None:
            until = None if seconds is None else self.until(seconds)
            await self.scheduler.pause("task", until=until)

        self.runner.run(pause())

    def until(self, seconds: float) -> datetime:
        return self.sim.now + timedelta(seconds=seconds)

    @precondition(lambda self: self.sim is not None)
    @rule(catch_up=st.booleans())
    def resume(self, catch_up: bool) -> None:
        self.runner.run(self.scheduler.resume("task", catch_up=catch_up))

    @precondition(lambda self: self.sim is not None)
    @rule()
    def trigger(self) -> None:
        async def trigger() -> None:
            try:
                await self.scheduler.trigger("task")
            except AlreadyRunningError:
                assert self.standing.running

        self.runner.run(trigger())

    @precondition(lambda self: self.sim is not None)
    @rule()
    def cancel(self) -> None:
        async def cancel() -> None:
            for run in (await self.scheduler.status("task")).running:
                assert await self.scheduler.cancel(run.id)

        self.runner.run(cancel())

    @precondition(lambda self: self.sim is not None and self.is_wild)
    @rule(period=st.sampled_from(PERIODS))
    def reschedule(self, period: int) -> None:
        self.runner.run(self.scheduler.reschedule("task", Every(seconds=period)))

    @precondition(lambda self: self.sim is not None and self.is_wild)
    @rule(seconds=st.sampled_from([-90_000, -3_600, -5, 5, 600, 90_000]))
    def set_wall(self, seconds: int) -> None:
        self.sim.clock.set_wall(seconds)

    @precondition(lambda self: self.sim is not None)
    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    @invariant()
    def everything_is_accounted_for(self) -> None:
        if self.sim is None:
            return
        # Not by `await scheduler.status()`: the loop would turn, and what is due would happen.
        is_shared, store = self.standing.is_shared, self.sim._worker.store
        counts = (store.ledger("task") if is_shared else self.standing.records).counts
        records = [
            each
            for each in self.sim._records("task")
            if each.kind in (RunKind.TICK, RunKind.SKIPPED)
        ]
        live = [run for run in self.standing.live if run.kind is RunKind.TICK]
        begun = [each._due for each in [*records, *live] if each.kind is RunKind.TICK]
        assert len(begun) == len(set(begun)), "a tick was run twice"
        assert sum(counts.values()) == sum(each.count for each in records)
        if self.policy["overlap"] is not Overlap.ALLOW:
            assert self.body.most <= 1
        if self.is_wild:
            return
        spans = sorted(
            (each._due, milliseconds_of(each.last_due), each.count)
            for each in {id(each): each for each in [*records, *live]}.values()
        )
        period, expected = self.standing.period, None
        for first, last, count in spans:
            assert expected is None or first == expected, "a tick is missing, or there twice"
            assert last == first + (count - 1) * period
            expected = last + period
        if spans:
            assert self.standing.next_due == expected

    def stop(self) -> None:
        stack, self.stack, self.sim = self.stack, None, None
        if stack is not None:
            self.runner.run(stack.aclose())

    def teardown(self) -> None:
        self.stop()
        self.runner.close()


TestAccounting = Accounting.TestCase
TestAccounting.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
