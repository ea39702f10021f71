"""Histories of real workers that share a store, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from ostinato import Missed, OnCrash, Outcome, Overlap, Run, Scheduler
from ostinato._instants import milliseconds_of
from ostinato._lease import Lease
from tests.simulation.hosts import Host, World
from tests.simulation.judging import BrokenRuleError, Judge
from tests.simulation.world import EPOCH, LEASE, LONGEST_ABSENCE, Rates
from tests.support.virtual_time import VirtualTimeLoop

__all__ = ["Fleet", "Stage"]

_HOSTILE = 240.0
_PEACE = Rates(0.0, 0.0, 0.0, 0.0, 0.0, 0)


class Stage:
    """Hosts whose workers share a store, on which nothing goes wrong that the test does not do."""

    def __init__(self, *tasks: dict[str, Any], hosts: int = 2, traced: bool = False) -> None:
        """Prepare *hosts* that declare *tasks*, whose runs last as long as `lasting` says."""
        self.loop = VirtualTimeLoop(lambda _loop: 0)
        self.world = World(Random(0), _PEACE, self.loop, traced=traced)
        self.world.is_hostile = False
        self.tasks = [dict(task) for task in tasks]
        self.lasting = {task["name"]: task.pop("lasting", 0.0) for task in self.tasks}
        self.errors: list[object] = []
        self.number = hosts
        self.hosts: list[Host] = []
        self.loop.set_exception_handler(lambda _loop, context: self.errors.append(context))

    def play(self, script: Callable[[], Awaitable[None]]) -> None:
        """Start the hosts, and do what the *script* says.

        Raises:
            BrokenRuleError: Something that must hold did not.
        """
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._play(script))
        finally:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            asyncio.set_event_loop(None)
            self.loop.close()

    async def until(self, seconds: float) -> None:
        """Let time pass until so many *seconds* after the beginning.

        Raises:
            BrokenRuleError: Something that must hold did not.
        """
        while (left := seconds - (self.world.now - EPOCH) / 1_000) > 0:
            await asyncio.sleep(min(left, 1.0))
            if self.world.broken is not None:
                raise self.world.broken
            if self.errors:
                raise BrokenRuleError("S66", str(self.errors[0]))

    def conclude(self, quiet_since: int = EPOCH) -> None:
        """Judge the history.

        Raises:
            BrokenRuleError: Something that must hold did not.
        """
        for judge in self.world.judges.values():
            judge.conclude(quiet_since)

    def lasts(self, name: str) -> float:
        """Return for how many seconds the next run of the task *name* goes on."""
        return self.lasting[name]

    async def _play(self, script: Callable[[], Awaitable[None]]) -> None:
        world = self.world
        self.hosts = [Host(world, f"h{number}", self._declare) for number in range(self.number)]
        await script()

    def _declare(self, host: Host, scheduler: Scheduler) -> None:
        for task in self.tasks:
            scheduler.every(**task)(self._body(host, task))

    def _body(self, host: Host, task: dict[str, Any]) -> Callable[[Run], Awaitable[None]]:
        world, name = self.world, task["name"]

        async def body(run: Run) -> None:
            life, judge = host.life, world.judges[name]
            lease = Lease(name, milliseconds_of(run.due), run.token, 0, host.owner)
            try:
                judge.begin(host, lease)
                await life.sleep(self.lasts(name))
                judge.write(run.token, is_let_through=judge.fence() == run.token)
            except BrokenRuleError as broken:
                world.broken = world.broken or broken
            except asyncio.CancelledError:
                if not life.is_over:
                    judge.end(lease, Outcome.CANCELLED)
                raise
            else:
                judge.end(lease, Outcome.SUCCEEDED)

        if name not in world.judges:
            judge = world.judges[name] = Judge(world, world.memory, name)
            judge.period, judge.on_crash = (
                task["seconds"] * 1_000,
                task.get("on_crash", OnCrash.SKIP),
            )
            judge.later = int(self.lasting[name] * 1_000)
        return body


class Fleet(Stage):
    """A history that is drawn from a seed."""

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        """Draw how many workers share which tasks, and how likely what goes wrong."""
        random = Random(seed)
        tasks = [_drawn(random, f"task{number}") for number in range(random.choice((1, 1, 2)))]
        super().__init__(*tasks, hosts=random.choice((2, 3, 3, 4)), traced=traced)
        self.world = World(random, Rates.drawn(random), self.loop, traced=traced)

    def run(self) -> None:
        """Let it happen, and judge it.

        Raises:
            BrokenRuleError: Something that must hold did not.
        """
        self.play(self._run)

    def lasts(self, name: str) -> float:
        """Return for how many seconds the next run of the task *name* goes on."""
        return self.world.draw() * self.lasting[name]

    async def _run(self) -> None:
        world = self.world
        await self.until(_HOSTILE)
        world.is_hostile = False
        world.note("from here on there is peace")
        quiet_since = max(world.now + LONGEST_ABSENCE, *(each.frozen_until for each in self.hosts))
        longest = max(self.lasting.values()) + 2 * max(task["seconds"] for task in self.tasks)
        await self.until((quiet_since - EPOCH + 2 * LEASE) / 1_000 + longest)
        self.conclude(quiet_since)


def _drawn(random: Random, name: str) -> dict[str, Any]:
    seconds = random.choice((2, 5, 10, 20, 45))
    return {
        "name": name,
        "seconds": seconds,
        "missed": random.choice((Missed.RUN_LATEST, Missed.RUN_LATEST, *Missed)),
        "overlap": random.choice(
            (Overlap.SKIP, Overlap.SKIP, Overlap.QUEUE_ONE, Overlap.CANCEL_OTHER)
        ),
        "on_crash": random.choice((OnCrash.SKIP, OnCrash.RERUN)),
        "lasting": random.choice((0.5, seconds, 3 * seconds, 40)),
    }
