"""Schedulers in processes of their own share one store: what they write down is judged."""

import os
import random
import signal
import sqlite3
from contextlib import closing
from itertools import pairwise

import pytest

from ostinato.stores.redis import RedisStore
from ostinato.stores.sql import SqlStore
from tests.cluster.fleet import Fleet, at
from tests.cluster.working import PERIOD
from tests.support.waiting import wait_for


def test_s75_s84_each_tick_is_run_by_one_of_four_workers(fleet: Fleet):
    """S75, S84: no tick twice, the work is shared, and a restart neither repeats nor forgets."""
    fleet.start(4)
    fleet.wait_for("ready", 4)
    fleet.wait_for("beat", 10)
    fleet.end()
    before = len(fleet.lines("beat"))

    fleet.start(4)
    fleet.wait_for("beat", before + 5)
    fleet.end()

    assert fleet.twice() == []
    # It was due when it was registered for the first time, and is due again in an hour.
    assert len(fleet.lines("hourly")) == 1
    tokens = [int(line[2]) for line in sorted(fleet.lines("beat"), key=lambda line: line[1])]
    assert tokens == sorted(set(tokens))
    fleet.compare_history("beat", "plain")


@pytest.mark.timeout(7_200)
def test_s84_s85_killed_workers_repeat_nothing(fleet: Fleet, request: pytest.FixtureRequest):
    """S84, S85: SIGKILL at any moment; each tick is run, abandoned or skipped: once."""
    kills, chance = request.config.getoption("--kills"), random.Random(1)
    fleet.start(4, kept=1_000_000)
    fleet.wait_for("ready", 4)
    for _ in range(kills):
        fleet.wait_for_more(chance.choice(["beat", "plain"]), chance.randrange(1, 3))
        fleet.kill(chance.choice(fleet.workers))
        # The next one may be killed while it joins.
        fleet.start(kept=1_000_000)
    for pid in fleet.workers:
        fleet.wait_for("ready", pid=pid)
    fleet.wait_for_more("beat")
    fleet.wait_for_more("plain")
    fleet.end()

    assert fleet.twice() == []
    # Its only run may have been one of those that were killed before it could tell.
    assert len(fleet.lines("hourly")) <= 1
    assert [run.started is not None for run in fleet.runs("hourly")] == [True]
    begun = {line[1]: int(line[2]) for line in fleet.lines("beat")}
    assert [begun[due] for due in sorted(begun)] == sorted(set(begun.values()))
    print(fleet.name, kills, "kills:")
    for name in ("beat", "plain"):
        counts = fleet.account_for(name, PERIOD)
        skipped = {outcome for outcome in counts if outcome.startswith("skipped(")}
        assert counts.keys() <= {"succeeded", "abandoned", *skipped}
        # Each kill costs a task no more than the run that was under way.
        assert counts["abandoned"] <= kills
        # Who was killed between its last word and the store's answer is not believed.
        fleet.compare_history(name, may_be_abandoned=True)
        print(f"  {name}: {len(fleet.lines(name))} runs in the journal, {dict(counts)}")


def test_s80_s86_a_worker_that_was_stopped_for_longer_than_its_lease_lets_go(fleet: Fleet):
    """S80, S86: the next tick is run elsewhere, and the run that wakes up is cancelled."""
    fleet.start(2)
    (first, *_) = fleet.wait_for("long begins")
    stopped = int(first[-1])

    _stop(fleet, stopped)
    (other,) = (worker for worker in fleet.workers if worker != stopped)
    (second, *_) = fleet.wait_for("long begins", pid=other)
    os.kill(stopped, signal.SIGCONT)
    fleet.wait_for("long is lost", pid=stopped)
    fleet.end()

    assert int(second[2]) > int(first[2])
    assert fleet.twice() == []


def _stop(fleet: Fleet, pid: int) -> None:
    """Stop a worker, but not in a transaction of SQLite's, which no server could break off."""
    os.kill(pid, signal.SIGSTOP)
    while fleet.address.startswith("sqlite") and _is_locked(fleet.address):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGSTOP)


def _is_locked(address: str) -> bool:
    path = address.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
    return False


def test_s92_a_pause_is_heeded_by_all_workers(fleet: Fleet):
    """S92: within a poll, and it outlives them."""
    fleet.start(3)
    fleet.wait_for("ready", 3)
    fleet.wait_for("beat", 5)

    os.kill(fleet.workers[0], signal.SIGUSR1)
    with fleet.store() as store:
        wait_for(lambda: store.read(["beat"]).rows["beat"].paused)
    fleet.wait_for_more("plain", 5)
    paused = len(fleet.lines("beat"))
    fleet.end()
    fleet.start(2)
    fleet.wait_for_more("plain", 5)
    fleet.end()

    assert len(fleet.lines("beat")) == paused


def test_s68_s80_a_worker_that_is_asked_to_end_gives_its_lease_back(fleet: Fleet):
    """S68, S80: its run is cancelled, and another worker does not wait for the lease to end."""
    fleet.start(2, lease=60, tasks=("long", "beat"))
    (first, *_) = fleet.wait_for("long begins")
    ending = int(first[-1])
    (other,) = (worker for worker in fleet.workers if worker != ending)

    fleet.end(ending)
    fleet.wait_for("long begins", pid=other, seconds=30)
    fleet.end()

    assert len(fleet.lines("long is ended")) == 2
    assert fleet.lines("long is lost") == []
    assert fleet.twice() == []
    assert {str(run.outcome) for run in fleet.runs("long") if run.started} == {"cancelled"}


def test_s80_a_worker_that_was_stopped_for_less_than_its_lease_goes_on(fleet: Fleet):
    """S80: and so does one whom nobody has followed."""
    (worker,) = fleet.start(tasks=("long", "beat"), lease=4)
    (begun,) = fleet.wait_for("long begins")
    with fleet.store() as store:
        before = store.read(["long"]).rows["long"].held
        assert before is not None

        _stop(fleet, worker)
        os.kill(worker, signal.SIGCONT)
        wait_for(lambda: _until(store) > before.until)
    fleet.wait_for_more("beat", 2)

    assert fleet.lines("long begins") == [begun]
    assert fleet.lines("long is lost") == []


def _until(store: RedisStore | SqlStore) -> int:
    held = store.read(["long"]).rows["long"].held
    return 0 if held is None else held.until


def test_s80_a_loop_that_is_blocked_for_longer_than_a_lease_keeps_it(fleet: Fleet):
    """S80: the store's thread prolongs it meanwhile, and nobody else runs the task."""
    fleet.start(2, tasks=("blocking", "beat"))
    fleet.wait_for("blocking ends", 2)
    for pid in tuple(fleet.workers):
        fleet.kill(pid)

    begun, ended = fleet.lines("blocking begins"), fleet.lines("blocking ends")
    assert [line[2] for line in ended] == ["False"] * len(ended)
    # The next one begins when the last one has ended, whoever runs it.
    instants = {line[1]: at(line) for line in begun}
    following = sorted(instants.values())
    assert all(later - earlier >= 5 for earlier, later in pairwise(following))
    assert fleet.twice() == []
