"""A store that is asked from threads of its own, and does not always answer: in real time."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from ostinato import Run, RunKind, Scheduler
from ostinato._clock import SystemClock
from ostinato._lease import Claim, Reply, Takeover
from ostinato.errors import StoreUnavailableError
from ostinato.stores.memory import MemoryStore
from ostinato.testing import Recorder


class Distant:
    """A store whose questions, or answers, get lost as often as it is told."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.unasked: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*operands: Any) -> Any:
            if self.unasked[name]:
                self.unasked[name] -= 1
                raise StoreUnavailableError("distant", ConnectionError("no way there"))
            answer = getattr(self.memory, name)(*operands)
            if self.unanswered[name]:
                self.unanswered[name] -= 1
                raise StoreUnavailableError("distant", ConnectionError("no way back"))
            return answer

        return call


class Crowded(Distant):
    """One in which others are busy with the rows of some tasks, for so many questions."""

    def __init__(self, busy: Mapping[str, int]) -> None:
        super().__init__()
        self.busy = Counter(busy)
        self.asked: list[Claim | Takeover] = []

    def claim(self, claims: Sequence[Claim | Takeover], lease: int, /) -> Reply:
        self.asked += claims
        left = {claim.name for claim in claims if self.busy[claim.name]}
        self.busy -= Counter(left)
        reply = self.memory.claim([claim for claim in claims if claim.name not in left], lease)
        rows = self.memory.read([claim.name for claim in claims]).rows
        return replace(reply, rows=rows, undecided=frozenset(left))


class Frame:
    """A scheduler whose store is distant."""

    def __init__(self, store: Distant | None = None) -> None:
        self.recorder = Recorder()
        self.scheduler = Scheduler(observers=[self.recorder], lease=10, poll=0.05)
        self.store = store or Distant()
        self.runs: asyncio.Queue[Run] = asyncio.Queue()

        @self.scheduler.every(seconds=0.1, name="beat")
        async def beat(run: Run) -> None:
            self.runs.put_nowait(run)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        equipment, clock = self.scheduler._equipment, SystemClock()
        worker = equipment.worker(None, None, clock, self.store, is_live=True, follows_host=True)
        assert worker.sharing is not None
        await worker.sharing.open()
        self.scheduler._start(worker, where="in a test")
        async with asyncio.timeout(60):
            yield
        await self.scheduler._stop(worker)

    def told(self) -> Counter[str]:
        return Counter(event.name.removeprefix("ostinato.") for event in self.recorder.events)

    def ended(self) -> list[Run]:
        return [run for run in self.store.memory.runs("beat", 1_000) if run.kind is RunKind.TICK]


@pytest.mark.parametrize("call", ["open", "register", "claim", "settle"])
@pytest.mark.parametrize("lost", ["unasked", "unanswered"])
async def test_s87_whatever_gets_lost_the_tasks_go_on(call: str, lost: str) -> None:
    """S87, S79: nothing is run twice, nothing that was granted is left out, and it is told once."""
    frame = Frame()
    getattr(frame.store, lost)[call] = 2

    async with frame.running():
        runs = [await frame.runs.get() for _ in range(6)]

    assert len({run.due for run in runs}) == len(runs)
    assert [run.token for run in runs] == sorted({run.token for run in runs})
    assert frame.told()["store_failed"] >= 1
    assert frame.told()["store_failed"] == frame.told()["store_recovered"]
    row = frame.store.memory.read(["beat"]).rows["beat"]
    # Each run that has begun was settled, and no lease is left.
    assert (row.held, row.starts) == (None, len(frame.ended()))
    assert {run.outcome for run in frame.ended()} == {"succeeded"}


@pytest.mark.parametrize("others", [0, 2])
async def test_s89_a_tick_left_undecided_is_asked_for_again_and_run_once(others: int) -> None:
    """S89: soon, whether or not something else was won with it; it is neither lost nor skipped."""
    store = Crowded({"left": 3})
    frame, runs = Frame(store), asyncio.Queue[Run]()

    async def begin(run: Run) -> None:
        runs.put_nowait(run)

    for name in ("left", *(f"other-{number}" for number in range(others))):
        frame.scheduler.every(hours=1, name=name)(begin)

    # What is refused, and not undecided, is left alone for five seconds each time.
    async with frame.running(), asyncio.timeout(10):
        begun = [await runs.get() for _ in range(1 + others)]

    (run,) = (each for each in begun if each.task_name == "left")
    asked = [claim for claim in store.asked if claim.name == "left"]
    assert [(each.expected, each.due) for each in asked] == [(run._due, run._due)] * 4
    assert runs.empty()
    assert [str(each.outcome) for each in store.memory.runs("left", 10)] == ["succeeded"]
    row = store.memory.read(["left"]).rows["left"]
    assert (row.held, row.starts) == (None, 1)


async def test_s19_a_worker_stands_down_for_another_declaration_and_looks_again() -> None:
    """S19: it runs nothing while the row holds another one, and goes on when that is gone."""
    frame = Frame()

    async with frame.running():
        await frame.runs.get()
        row = frame.store.memory.read(["beat"]).rows["beat"]
        mine, row.spec = row.spec, "another"
        asyncio.get_running_loop().call_later(0.4, setattr, row, "spec", mine)
        while frame.runs.qsize():
            frame.runs.get_nowait()
        late = await frame.runs.get()
        later = await frame.runs.get()

    assert later.due > late.due
    assert row.spec == mine


async def test_s92_a_pause_by_another_is_heeded_and_so_is_its_end() -> None:
    """S92: within a poll."""
    frame = Frame()

    async with frame.running():
        await frame.runs.get()
        frame.store.memory.control("beat", {"paused": True, "paused_reason": "elsewhere"})
        while (status := await frame.scheduler.status("beat")).reason != "elsewhere":
            await asyncio.to_thread(int)
        frame.store.memory.control("beat", {"paused": False, "paused_reason": None})
        while (status := await frame.scheduler.status("beat")).reason is not None:
            await asyncio.to_thread(int)
        while frame.runs.qsize():
            frame.runs.get_nowait()
        await frame.runs.get()

    assert status.paused_until is None
    assert frame.told()["task_paused"] == frame.told()["task_resumed"] == 1


async def test_s80_a_run_whose_lease_is_lost_is_cancelled() -> None:
    """S80, S86: it is told, its worker sees it, and what it settles is ignored."""
    frame, lost = Frame(), asyncio.Event()

    @frame.scheduler.every(hours=1, name="long")
    async def long(run: Run) -> None:
        row = frame.store.memory.read(["long"]).rows["long"]
        assert row.held is not None
        row.held = row.held._replace(token=row.token + 1, owner="another")
        try:
            await asyncio.Event().wait()
        finally:
            assert run.lease_lost.is_set()
            lost.set()

    async with frame.running():
        await lost.wait()

    assert frame.told()["lease_lost"] == 1
    row = frame.store.memory.read(["long"]).rows["long"]
    assert row.held is not None
    assert row.held.owner == "another"


async def test_s92_s93_a_task_that_is_shared_is_steered() -> None:
    """S92, S93: what was asked for is written when it returns, and all of it is remembered."""
    frame = Frame()
    scheduler = frame.scheduler

    async with frame.running():
        await frame.runs.get()
        await scheduler.pause("beat", reason="by hand")
        paused = frame.store.memory.read(["beat"]).rows["beat"].paused
        by_hand = await scheduler.trigger("beat", wait=True)
        await scheduler.resume("beat")
        resumed = not frame.store.memory.read(["beat"]).rows["beat"].paused
        while (await frame.runs.get()).due <= by_hand.due:
            pass
        kinds = {run.kind for run in await scheduler.history("beat", limit=50)}
        counts = (await scheduler.status("beat")).counts

    assert (paused, resumed, str(by_hand.outcome)) == (True, True, "succeeded")
    assert {RunKind.TICK, RunKind.MANUAL} <= kinds
    assert counts["succeeded"] >= 1
