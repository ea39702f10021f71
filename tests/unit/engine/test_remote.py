"""A store that is asked from threads of its own, and does not always answer: in real time."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ostinato import Run, RunKind
from ostinato._clock import SystemClock
from ostinato._lease import Claim, Reply, Takeover
from tests.support.distant import Distant, Frame


class SuspendedClock(SystemClock):
    """The clock of a machine that was suspended: all but one of its clocks know nothing of it."""

    slept = 0.0

    def boot(self) -> float:
        return super().boot() + self.slept


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


async def test_s87_a_store_that_comes_back_with_nothing_is_registered_at_again() -> None:
    """S87: as one does whose last moments were lost."""
    frame = Frame(lease=1)
    async with frame.running():
        before = await frame.runs.get()
        frame.store.forget()
        while not frame.ended():
            again = await frame.runs.get()

        assert again.due > before.due
        assert again.token > before.token


@pytest.mark.parametrize("others", [0, 2])
async def test_s89_a_tick_left_undecided_is_asked_for_again_and_run_once(others: int) -> None:
    """S89: soon, whether or not something else was won with it; it is neither lost nor skipped."""
    store = Crowded({"left": 3})
    frame, runs = Frame(store=store), asyncio.Queue[Run]()

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
        while not frame.told()["task_paused"]:
            await asyncio.to_thread(int)
        assert (await frame.scheduler.status("beat")).reason == "elsewhere"
        frame.store.memory.control("beat", {"paused": False, "paused_reason": None})
        while not frame.told()["task_resumed"]:
            await asyncio.to_thread(int)
        status = await frame.scheduler.status("beat")
        while frame.runs.qsize():
            frame.runs.get_nowait()
        await frame.runs.get()

    assert (status.reason, status.paused_until) == (None, None)
    assert frame.told()["task_paused"] == frame.told()["task_resumed"] == 1


@pytest.mark.parametrize(
    ("lost", "call"), [("unasked", "claim"), ("unasked", "control"), ("unanswered", "control")]
)
async def test_s92_a_pause_ends_once_the_store_has_taken_its_end(lost: str, call: str) -> None:
    """S92: until then it goes on for everybody; it is told of once, and no tick is run before."""
    frame = Frame()

    async with frame.running():
        await frame.runs.get()
        memory, until = frame.store.memory, datetime.now(UTC) + timedelta(seconds=0.3)
        await frame.scheduler.pause("beat", until=until)
        while frame.runs.qsize():
            frame.runs.get_nowait()
        getattr(frame.store, lost)[call] = 2
        run = await frame.runs.get()

    assert run.due >= until
    # What was taken, though nobody heard of it, is not asked for again once it has been seen.
    assert getattr(frame.store, lost)[call] <= (0 if lost == "unasked" else 1)
    assert frame.told()["task_paused"] == frame.told()["task_resumed"] == 1
    assert frame.told()["store_failed"] >= 1
    assert not memory.read(["beat"]).rows["beat"].paused


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


async def test_s47_no_lease_waits_for_a_thread() -> None:
    """S47: a thread that is promised is promised until the store has answered."""
    frame, loop = Frame(threads=1), asyncio.get_running_loop()
    begun, goes_on = asyncio.Queue[str](), threading.Event()

    for name in ("one", "other"):

        @frame.scheduler.every(hours=1, name=name)
        def block(run: Run) -> None:
            loop.call_soon_threadsafe(begun.put_nowait, run.task_name)
            goes_on.wait(30)

    async with frame.running():
        first = await begun.get()
        worker = frame.scheduler._worker
        assert worker is not None
        assert worker.sharing is not None
        # Whatever has been asked for by now is answered.
        await worker.sharing.door.lanes.claims(int)
        rows = frame.store.memory.read(["one", "other"]).rows
        held = {name for name, row in rows.items() if row.held is not None}
        goes_on.set()
        second = await begun.get()

    assert held == {first}
    assert {first, second} == {"one", "other"}


async def test_s80_a_lease_goes_on_to_expire_while_the_machine_is_suspended() -> None:
    """S80: what was granted before a suspend is not begun behind it."""
    clock = SuspendedClock()
    frame = Frame(lease=1, clock=clock)
    granted = list[int]()

    def suspend() -> None:
        clock.slept += 0.0 if granted else 100.0
        granted.append(frame.store.memory.read(["beat"]).rows["beat"].token)

    frame.store.meanwhile["claim"] = suspend

    async with frame.running():
        run = await frame.runs.get()

    assert run.token > granted[0]


async def test_s93_a_trigger_that_is_cancelled_leaves_no_lease_behind() -> None:
    """S93: what the store grants meanwhile is run, as if whoever asked had gone a moment later."""
    frame, ended = Frame(), asyncio.Event()

    @frame.scheduler.every(hours=1, start=3600, name="calm")
    async def calm() -> None:
        ended.set()

    async with frame.running():
        await frame.scheduler.status("calm")
        asked = asyncio.ensure_future(frame.scheduler.trigger("calm"))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await ended.wait()

    assert frame.store.memory.read(["calm"]).rows["calm"].held is None
