"""What is under way on other workers is judged by what their store knows: asked in real time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ostinato import ProblemKind, Run
from ostinato._instants import instant_of
from ostinato._lease import WorkerRow
from ostinato._queries import Overview, Recent
from tests.support.distant import Distant, Frame


class Shared(Distant):
    """One that others share: each has a run under way."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Run] = []
        self.asked = Counter[str]()

    def overview(self, names: Sequence[str] | None = None, /) -> Overview:
        self.asked["overview"] += 1
        told = self.memory.overview(names)
        return replace(told, running=[*told.running, *self.others])

    def workers(self) -> Sequence[WorkerRow]:
        self.asked["workers"] += 1
        now = self.memory.read([]).now
        return [*self.memory.workers(), WorkerRow("other", "web-2", 7, now, now, "1", 1)]

    def recent(self, names: Sequence[str] | None, limit: int, /) -> dict[str, Recent]:
        self.asked["recent"] += 1
        return dict(self.memory.recent(names, limit))

    def read(self, names: Sequence[str] | None = None, /) -> Any:
        self.asked["read"] += 1
        return self.memory.read(names)


@pytest.mark.parametrize(
    ("changes", "is_stuck"),
    [({}, True), ({"task_name": "unknown"}, False), ({"attempt": 2}, False)],
)
async def test_s50_a_run_of_another_worker_is_stuck_by_what_the_store_knows(
    changes: dict[str, object], *, is_stuck: bool
) -> None:
    """S50: and it is asked a fixed number of times, however many runs go on for long."""
    store = Shared()
    frame = Frame(store=store)

    @frame.scheduler.every(hours=1, name="slow", timeout=10)
    async def slow() -> None: ...

    async with frame.running():
        begun = store.memory.read([]).now - 120_000
        for _ in range(3):
            run = Run("slow", begun)
            run._worker, run._started = "other", begun
            for name, value in changes.items():
                setattr(run, name, value)
            store.others.append(run)
        store.asked.clear()
        health = await frame.scheduler.health()
        asked = {name: store.asked[name] for name in ("overview", "workers", "recent")}

    stuck = [each for each in health.problems if each.kind is ProblemKind.STUCK]
    assert len(stuck) == (3 if is_stuck else 0)
    assert asked == {"overview": 1, "workers": 1, "recent": 1}
    for each in stuck:
        assert (each.task_name, each.since, each.is_elsewhere) == ("slow", instant_of(begun), True)
        assert each.words.startswith("a run takes longer than its timeout allows: it began ")
        assert each.words.endswith(" ago, in the worker 7 on web-2")
