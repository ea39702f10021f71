"""A file that workers share: full, held by somebody else, and there again after each deploy."""

import resource
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cluster.fleet import Fleet

TASKS = ("beat", "plain", "hourly", "local")
FAILED = "The store failed"
SOON = 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the file is."""
    return tmp_path / "state.db"


@pytest.fixture
def fleet(file: Path, fleet_at: Callable[[str], Fleet]) -> Fleet:
    """Return a fleet that shares the file."""
    return fleet_at(f"sqlite:///{file}")


def test_s87_workers_wait_for_room_on_a_disk_that_is_full(fleet: Fleet, file: Path):
    """S87: no claim is written by half, no transaction stays open, nobody starts again."""
    workers = fleet.start(2, tasks=TASKS)
    fleet.wait_for_more("beat", 3)

    written = max(file.stat().st_size, file.with_name("state.db-wal").stat().st_size)
    for pid in workers:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (written, most))
    fleet.wait_until_logged(FAILED, 2)
    fleet.wait_for_more("local", 5)
    with closing(sqlite3.connect(file, timeout=5, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    for pid in workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    fleet.wait_for_more("beat", 3, seconds=SOON)
    fleet.wait_for_more("plain", 3, seconds=SOON)
    fleet.end()

    assert fleet.twice() == []
    fleet.compare_history("beat", "plain", may_be_abandoned=True)


def test_s87_workers_wait_for_somebody_who_writes_for_long(fleet: Fleet, file: Path):
    """S87: ticks are late then, and none of them is run twice."""
    fleet.start(2, tasks=TASKS)
    fleet.wait_for_more("beat", 3)

    with closing(sqlite3.connect(file, timeout=5, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        fleet.wait_until_logged("database is locked")
        fleet.wait_for_more("local", 5)
        connection.execute("ROLLBACK")
    fleet.wait_for_more("beat", 3, seconds=SOON)
    fleet.wait_for_more("plain", 3, seconds=SOON)
    fleet.end()

    assert fleet.twice() == []
    fleet.compare_history("beat", "plain", may_be_abandoned=True)


def test_s75_twenty_deploys_within_an_hour_run_what_is_hourly_once(fleet: Fleet):
    """S75: a worker that starts does not run at once what was run less than a period ago."""
    for _ in range(20):
        (worker,) = fleet.start(tasks=("hourly", "beat"))
        fleet.wait_for("beat", pid=worker)
        fleet.end()

    assert len(fleet.lines("hourly")) == 1
    assert fleet.twice() == []
