"""Ticks of the past that are run again: which, and one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._patience import Patience, resolve
from ostinato._engine._spawn import spawn
from ostinato._outcomes import FAILURES, Backfill, Outcome, RunKind
from ostinato.errors import (
    AlreadyRunningError,
    ForeignDeclarationError,
    InvalidArgumentError,
    NotRunningError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from ostinato._engine._environment import Environment
    from ostinato._engine._ticks import Ticks
    from ostinato._run import Run

    # Returns None where there is nothing to run.
    Start = Callable[[], Awaitable[asyncio.Task[None] | None]]
    # A task's name and the instant of its tick, in milliseconds.
    Key = tuple[str, int]

__all__ = ["Backfilling", "chosen", "ticks_between", "was_given_back"]

# So many instants of a schedule are looked at: a year of five minutes each.
_MOST_LOOKED_AT = 110_000
# In seconds: how soon to try again, where a run was under way, or the store did not answer.
_AGAIN = 1.0
# So many times a tick is let pass that nobody runs: other workers look at it every five seconds.
_MOST_PASSED = 12
# In seconds: how long it has to end when the runs have ended.
_LAST = 1.0


def ticks_between(ticks: Ticks, start: int, end: int) -> list[int]:
    """Return the *ticks* from *start* on that lie before *end*.

    Raises:
        InvalidArgumentError: They are too many to look at.
        Exception: Whatever a schedule of the user's own raises.
    """
    found: list[int] = []
    due = ticks.after(start - 1)
    while due is not None and due < end:
        found.append(due)
        if len(found) > _MOST_LOOKED_AT:
            problem = f"has more than {_MOST_LOOKED_AT:,} ticks behind it, up to the end"
            raise InvalidArgumentError("start", start, problem, "take a part of it at a time")
        due = ticks.after(due)
    return found


def chosen(mode: Backfill, ticks: Iterable[int], known: Iterable[Run]) -> list[int]:
    """Return those of *ticks* that are to be run, by what is *known* of them, the newest first."""
    if mode is Backfill.ALL:
        return list(ticks)
    latest: dict[int, Run] = {}
    for run in known:
        if run.kind not in (RunKind.MANUAL, RunKind.SKIPPED) and not was_given_back(run):
            latest.setdefault(run._due, run)
    if mode is Backfill.MISSING:
        return [due for due in ticks if due not in latest]
    return [due for due in ticks if due in latest and latest[due].outcome in FAILURES]


def was_given_back(run: Run) -> bool:
    """Return whether a *run* was claimed, and ended before it began."""
    return run.outcome is Outcome.CANCELLED and run._started is None


class Backfilling:
    """Starts what waits, one run behind the other, for as long as the worker runs."""

    def __init__(self, environment: Environment) -> None:
        """Begin with nothing that waits."""
        self._environment = environment
        self._waiting: deque[tuple[Key, Start]] = deque()
        # What waits, or runs.
        self._keys: set[Key] = set()
        self._task: asyncio.Task[None] | None = None
        # Of each task the tick that was let pass last, and how often.
        self._passed: dict[str, tuple[int, int]] = {}

    def add(self, starts: Iterable[tuple[Key, Start]]) -> None:
        """Start a run by each of *starts*, behind all that waits, unless it waits already."""
        for key, start in starts:
            if key not in self._keys:
                self._keys.add(key)
                self._waiting.append((key, start))
        if self._task is None and self._waiting:
            environment = self._environment
            self._task = spawn(
                self._drive(), loop=environment.loop, context=environment.context.copy()
            )

    def lets_pass(self, name: str, due: int) -> bool:
        """Return whether the tick *due* of a task goes first: not for ever, if nobody runs it."""
        known, times = self._passed.get(name, (due, 0))
        times = times + 1 if known == due else 1
        self._passed[name] = due, times
        return times <= _MOST_PASSED

    async def finish(self) -> None:
        """Start nothing more, and wait for the end of what does it: the runs have ended."""
        self._waiting.clear()
        if self._task is None:
            return
        environment = self._environment
        with Patience(environment.clock, environment.loop, _LAST) as patience:
            await patience.wait_for(self._task)
        # It waits for a run that was left behind.
        self._task.cancel()

    async def _drive(self) -> None:
        try:
            while self._waiting and not self._environment.is_stopping:
                key, start = self._waiting.popleft()
                # Where the scheduler stops meanwhile, nothing more is begun; and what is another
                # declaration's here, its own workers run.
                with suppress(NotRunningError, ForeignDeclarationError):
                    await self._run(start)
                self._keys.discard(key)
        finally:
            self._task = None

    async def _run(self, start: Start) -> None:
        while not self._environment.is_stopping:
            try:
                run = await start()
            except (AlreadyRunningError, StoreError):
                # Another run is under way, here or elsewhere, or goes first; or the store is away
                # for a while.
                await self._wait()
                continue
            if run is not None and not run.done():
                await asyncio.wait({run})
            return

    async def _wait(self) -> None:
        environment = self._environment
        over = environment.loop.create_future()
        environment.waits.add(over)
        timer = environment.clock.call_later(_AGAIN, partial(resolve, over))
        try:
            await over
        finally:
            timer.cancel()
            environment.waits.discard(over)
