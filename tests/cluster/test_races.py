"""Eight processes race for every tick: who looks at their journals sees each of them once."""

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from ostinato._lease import Retention
from ostinato.stores import open_store

PROCESSES = 8
# As `racing` keeps of each of many tasks.
KEPT = Retention(2)
RACING = Path(__file__).parent / "racing.py"


@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("server", ["sqlite", "postgresql", "pgbouncer", "mariadb", "redis"])
def test_s76_each_tick_is_run_once_by_eight_processes(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
):
    """S76, S82, S84: no tick twice, none missed, tokens that rise, a history of what was run.

    S77: also where it is pruned meanwhile, and what is forgotten stays counted.
    """
    address = (
        f"sqlite:///{tmp_path}/state.db"
        if server == "sqlite"
        else request.getfixturevalue(f"{server}_address")
    )
    ticks, namespace = request.config.getoption("--race-ticks"), f"race-{uuid4().hex[:12]}"

    lines = _race(address, namespace, tmp_path, ticks)

    refused = [line for line in lines if line[1] == "unavailable"]
    lines = [line for line in lines if line[1] not in ("unavailable", "unpruned")]
    # The lock of a file goes to anybody who asks: on a busy machine one may wait for too long.
    assert server == "sqlite" or refused == []
    for tasks in (1, 20):
        wins = [
            (name, int(due), int(token), owner)
            for space, name, due, token, owner in lines
            if space == f"{namespace}-{tasks}"
        ]
        counts = Counter((name, due) for name, due, *_ in wins)
        assert [tick for tick, count in counts.items() if count > 1] == []
        assert len(counts) == ticks // tasks * tasks
        for task in {name for name, *_ in wins}:
            tokens = [token for name, _, token, _ in sorted(wins) if name == task]
            assert all(later > earlier for earlier, later in pairwise(tokens))
        _compare_history(address, f"{namespace}-{tasks}", tasks, ticks // tasks)
        print(f"{server}, {tasks} tasks:", sorted(Counter(line[3] for line in wins).values()))
    print(f"{server}: {len(refused)} calls waited for longer than two seconds")


def _race(address: str, namespace: str, folder: Path, ticks: int) -> list[list[str]]:
    numbers = [str(PROCESSES), str(ticks)]
    command = [sys.executable, RACING, address, namespace, folder, *numbers]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=7_000)
    assert ended.returncode == 0, ended.stderr
    journals = [path.read_text().splitlines() for path in sorted(folder.glob("journal-*"))]
    assert len(journals) == PROCESSES
    return [line.split("\t") for journal in journals for line in journal]


def _compare_history(address: str, namespace: str, tasks: int, ticks: int) -> None:
    store = open_store(address)
    store.open(namespace, "onlooker", float)
    try:
        assert store.summary() == {
            f"task-{number}": {"succeeded": ticks} for number in range(tasks)
        }
        rows = store.read().rows.values()
        assert {(row.starts, row.held, row.next_due) for row in rows} == {(ticks, None, None)}
        kept = len(store.runs("task-0", ticks + 10))
        assert kept == ticks if tasks == 1 else KEPT.runs <= kept < max(ticks, KEPT.runs + 1)
    finally:
        store.close()
