"""How runs ended, on its way to the store: at once, or with the claim that is about to come."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

import pytest

from ostinato import Outcome, Run, Scheduler
from ostinato._engine._environment import Environment
from ostinato._engine._remote import Remote
from ostinato._engine._settling import Settling
from ostinato._engine._standing import Standing
from ostinato._engine._starving import Starving
from ostinato._engine._tell import Telling
from ostinato._engine._threads import Threads
from ostinato._engine._timeline import Timeline
from ostinato._lease import Claim, Registration, Reply, Settlement
from ostinato.errors import StoreUnavailableError
from ostinato.stores.memory import MemoryStore
from ostinato.testing import ManualClock


@pytest.fixture
def anyio_backend() -> str:
    """Ask the loop for futures alone, which every loop has."""
    return "asyncio"


class Told(MemoryStore):
    """A store that notes what it is asked, and fails as often as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, ...]] = []
        self.failures = 0

    def settle(self, settlements: Sequence[Settlement], /) -> Any:
        self.asked.append(("settle", *(each.run.task_name for each in settlements)))
        return super().settle(settlements)

    def claim(self, claims, lease, ended=(), /) -> Reply:
        names = [claim.name for claim in claims]
        self.asked.append(("claim", *names, "with", *(each.run.task_name for each in ended)))
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("told", ConnectionError("no way there"))
        for each in ended:
            super().settle((each,))
        return super().claim(claims, lease)


class Inline:
    """Lanes that make each call at once."""

    def __init__(self, _name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def beat(self, *_: object) -> None:
        """Prolong nothing."""

    def claims(self, call: Callable[[], Any]) -> "asyncio.Future[Any]":
        future = self._loop.create_future()
        try:
            future.set_result(call())
        except StoreUnavailableError as error:
            future.set_exception(error)
        return future


class Desk:
    """A door to a store at which two tasks are known, one of them due in 20 ms."""

    def __init__(self) -> None:
        self.clock, self.store, self.replies = ManualClock(), Told(), list[Reply | None]()
        timeline = Timeline(follows_wall=True, longest_wait=None)
        self.agenda = timeline.agenda
        self.standing = _standing()
        self.agenda.put(20, self.standing)
        environment = self.environment = Environment(
            loop=asyncio.get_running_loop(),
            clock=self.clock,
            threads=Threads(1),
            telling=Telling(()),
            context=copy_context(),
            cancel_grace=3.0,
            namespace="default",
            lanes=Inline,
        )
        self.door = Remote(
            environment,
            self.store,
            timeline,
            str,
            owner="me",
            lease=30,
            on_reply=lambda *_: None,
            on_lost=str,
            on_cancelled=str,
        )
        self.store.open("default", "me", lambda: self.clock.now() * 1_000)
        self.due = int(self.clock.now() * 1_000) - 10_000
        self.store.register([Registration(name, "every 1 s", self.due) for name in ("one", "two")])

    def claim(self, name: str) -> Claim:
        return Claim(name, "every 1 s", self.due, self.due, self.due + 1_000)

    def end(self, name: str) -> Settlement:
        """Return the end of a run that has a lease."""
        (lease,) = MemoryStore.claim(self.store, [self.claim(name)], 30_000).leases
        run = Run(name, lease.due, token=lease.token)
        run.outcome, run._started, run._finished = Outcome.SUCCEEDED, 1.0, 2.0
        return Settlement(run)

    def held(self, name: str) -> bool:
        return self.store.read([name]).rows[name].held is not None


async def test_an_end_goes_along_with_the_claim_that_is_about_to_come():
    """One call to the store, and one wake-up of its thread, for both."""
    desk = Desk()
    desk.door.settle_along(desk.end("one"), 900)
    await desk.clock.advance(seconds=0.02)
    before = list(desk.store.asked)

    desk.door.claim([desk.claim("two")], desk.replies.append)
    await desk.clock.advance(seconds=1)

    assert before == []
    assert desk.store.asked == [("claim", "two", "with", "one")]
    assert (desk.held("one"), desk.held("two")) == (False, True)
    assert [lease.name for lease in desk.replies[0].leases] == ["two"]


async def test_an_end_waits_for_a_claim_no_longer_than_a_moment():
    """Where the task that was due is paused meanwhile, nothing is claimed."""
    desk = Desk()
    desk.door.settle_along(desk.end("one"), 900)
    desk.agenda.remove(desk.standing)

    await desk.clock.advance(seconds=0.049)
    before = list(desk.store.asked)
    await desk.clock.advance(seconds=0.001)

    assert (before, desk.store.asked) == ([], [("settle", "one")])
    assert not desk.held("one")


@pytest.mark.parametrize(("left", "is_near"), [(99, True), (900, False)])
async def test_an_end_is_told_at_once_where_somebody_may_wait_for_it(left: int, is_near: bool):
    """The task is due again, and another worker may come first; or nothing is claimed soon."""
    desk = Desk()
    if not is_near:
        desk.agenda.put(51, desk.standing)

    desk.door.settle_along(desk.end("one"), left)
    await desk.clock.advance(seconds=0.001)

    assert desk.store.asked == [("settle", "one")]


async def test_what_is_told_at_once_takes_along_what_waits():
    """The order in which runs have ended is kept."""
    desk = Desk()
    desk.door.settle_along(desk.end("one"), 900)

    desk.door.settle(desk.end("two"))
    await desk.clock.advance(seconds=0.001)

    assert desk.store.asked == [("settle", "one", "two")]


async def test_s87_an_end_that_went_along_with_a_lost_claim_is_told_again():
    """S87: by itself, until the store has taken it."""
    desk = Desk()
    desk.store.failures = 1
    desk.door.settle_along(desk.end("one"), 900)

    desk.door.claim([desk.claim("two")], desk.replies.append)
    await desk.clock.advance(seconds=5)

    assert desk.store.asked == [("claim", "two", "with", "one"), ("settle", "one")]
    assert desk.replies == [None]
    assert not desk.held("one")


@pytest.mark.parametrize("reruns", [True, False])
async def test_s84_what_would_be_run_again_is_told_of_at_once(reruns: bool):
    """S84: of a run that has succeeded nobody is to think that its worker died in it."""
    desk = Desk()
    standing, run = desk.standing, desk.end("one").run
    standing.is_quick, standing.is_shared, standing.reruns = True, True, reruns
    standing.running, standing.next_due = 1, 900
    settling = Settling(
        desk.environment,
        on_next=str,
        on_over=str,
        starving=Starving(desk.environment, str),
        backoff=desk.door,
    )

    settling.settle(standing, run)
    await desk.clock.advance(seconds=0.001)

    assert desk.store.asked == ([("settle", "one")] if reruns else [])


def _standing() -> Standing:
    scheduler = Scheduler()

    @scheduler.every(seconds=1, name="two")
    async def two() -> None: ...

    return Standing(scheduler.tasks["two"])
