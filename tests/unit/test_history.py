"""How much of the history is kept, as it is declared, and by whom it is pruned."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from ostinato import ConfigurationError, History, Run, Scheduler
from ostinato._clock import SystemClock
from ostinato._lease import Registration, Retention
from ostinato._outcomes import Outcome
from ostinato.stores import open_store
from ostinato.stores.memory import MemoryStore

DAY = 86_400_000


def ended(due: int, outcome: Outcome = Outcome.SUCCEEDED) -> Run:
    run = Run("task", due)
    run.outcome, run._started, run._finished = outcome, float(due), float(due)
    return run


@pytest.mark.parametrize(
    "numbers",
    [
        {"runs": 0},
        {"runs": 1.5},
        {"runs": True},
        {"runs": 1_000_001},
        {"failures": -1},
        {"failures": "1"},
        {"days": 0},
        {"days": float("nan")},
        {"days": "30"},
        {"days": True},
        {"days": 1e6},
    ],
)
def test_s77_a_history_that_cannot_be_is_refused(numbers: dict) -> None:
    """S77: where it is declared, by the name of the number."""
    (name,) = numbers
    with pytest.raises(ConfigurationError, match=f"^{name}="):
        History(**numbers)


def test_s77_a_scheduler_takes_a_history() -> None:
    """S77: and nothing else for one."""
    assert (History().runs, History().failures, History().days) == (1_000, 200, 30)
    assert History(days=0.5).milliseconds == DAY / 2
    with pytest.raises(ConfigurationError, match="history=100 "):
        Scheduler(history=100)


def test_s77_in_memory_it_is_kept_by_the_way() -> None:
    """S77: nobody has to come and prune; what failed outlasts many runs, and nothing its days."""
    now = 1_000.0 * DAY
    store = MemoryStore(history=History(runs=3, failures=2, days=2))
    store.open("default", "me", lambda: now)
    begin = round(now)
    for number in range(4):
        store.record([ended(begin + number, Outcome.FAILED)])
    for number in range(4, 50):
        store.record([ended(begin + number)])

    assert [run._due - begin for run in store.runs("task", 10)] == [49, 48, 47, 3, 2]
    assert [run._due - begin for run in store.runs("task", 4)] == [49, 48, 47, 3]
    now += 2 * DAY + 48
    assert [run._due - begin for run in store.runs("task", 10)] == [49, 48]
    assert store.summary() == {"task": {"failed": 4, "succeeded": 46}}


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_s77_workers_that_were_not_seen_for_a_day_are_forgotten(kind: str, tmp_path: Path) -> None:
    """S77: with the history, by whoever prunes it."""
    now = 1_000.0 * DAY
    memory = MemoryStore()

    def opened(owner: str):
        store = memory if kind == "memory" else open_store(f"sqlite:///{tmp_path}/state.db")
        store.open("default", owner, lambda: now)
        store.register([Registration("task", "every 1 s", 0)])
        return store

    with closing(opened("gone")), closing(opened("idle")):
        now += DAY - 10
        with closing(opened("idle")) as idle:
            now += 20
            idle.prune(Retention(1))
            assert {each.id for each in idle.read().workers} == {"gone", "idle"}
            idle.prune(Retention(1), every=1_000)
            assert {each.id for each in idle.read().workers} == {"idle"}


class Hasty(SystemClock):
    """A clock by which the first pruning comes soon."""

    def call_later(self, delay, callback, /):
        """Call *callback*, at once if that is to be in a minute or an hour."""
        return super().call_later(0.01 if 50 < delay < 70 else delay, callback)


async def test_s77_a_worker_prunes_by_itself(tmp_path: Path) -> None:
    """S77: soon after its start, unless somebody has within the hour."""
    address = f"sqlite:///{tmp_path}/state.db"
    scheduler = Scheduler(address, history=History(runs=2), clock=Hasty(), enabled=True)
    scheduler.every(hours=1, name="task", start=3_600)(lambda: None)
    with closing(open_store(address)) as store:
        store.open("default", "me", SystemClock().now)
        now = round(SystemClock().now() * 1_000)
        store.record([ended(now + number) for number in range(5)])

        async with asyncio.timeout(30), scheduler.running():
            while len(store.runs("task", 10)) > 2:  # noqa: ASYNC110 - another thread does it
                await asyncio.sleep(0.01)

        assert store.prune(Retention(1), every=3_000_000) == 0
