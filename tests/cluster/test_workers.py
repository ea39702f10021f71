"""Schedulers in processes of their own share one store: what they write down is judged."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from ostinato.stores import open_store
from tests.support.waiting import wait_for

WORKING = Path(__file__).parent / "working.py"


class Fleet:
    """Workers that share a store, and the journal that they write."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.journal = folder / "journal"
        self.journal.touch()
        self._complaints = folder / "complaints"
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, number: int = 1) -> None:
        for _ in range(number):
            with self._complaints.open("ab") as complaints:
                command = [sys.executable, WORKING, self.address, self.journal]
                self.workers.append(subprocess.Popen(command, stderr=complaints))

    def lines(self, kind: str, pid: int | None = None) -> list[list[str]]:
        lines = [line.split("\t") for line in self.journal.read_text().splitlines()]
        return [line for line in lines if line[0] == kind and (pid is None or line[-1] == str(pid))]

    def wait_for(self, kind: str, number: int = 1, pid: int | None = None) -> list[list[str]]:
        wait_for(lambda: len(self.lines(kind, pid)) >= number, what=self._complaints.read_text)
        return self.lines(kind, pid)

    def end(self, sent: int = signal.SIGTERM) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.send_signal(sent)
        assert [worker.wait(30) for worker in self.workers] == [
            0 if sent == signal.SIGTERM else -sent
        ] * len(self.workers)
        self.workers.clear()

    def twice(self) -> list[tuple[str, str]]:
        """Return the ticks that began more than once."""
        kinds = ("beat", "plain", "hourly", "long begins")
        counts = Counter((kind, line[1]) for kind in kinds for line in self.lines(kind))
        return [tick for tick, count in counts.items() if count > 1]


@pytest.fixture(params=["sqlite", "postgresql"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Fleet]:
    address = (
        f"sqlite:///{tmp_path}/state.db"
        if request.param == "sqlite"
        else request.getfixturevalue(f"{request.param}_address")
    )
    fleet = Fleet(address, tmp_path)
    yield fleet
    for worker in fleet.workers:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("fleet", ["sqlite", "postgresql", "redis"], indirect=True)
def test_s75_s84_each_tick_is_run_by_one_of_four_workers(fleet: Fleet):
    """S75, S84: no tick twice, the work is shared, and a restart neither repeats nor forgets."""
    fleet.start(4)
    fleet.wait_for("ready", 4)
    fleet.wait_for("beat", 20)
    fleet.end()
    before = len(fleet.lines("beat"))

    fleet.start(4)
    fleet.wait_for("beat", before + 10)
    fleet.end()

    assert fleet.twice() == []
    # It was due when it was registered for the first time, and is due again in an hour.
    assert len(fleet.lines("hourly")) == 1
    instants = sorted(line[1] for line in fleet.lines("beat"))
    tokens = [int(line[2]) for line in sorted(fleet.lines("beat"), key=lambda line: line[1])]
    assert tokens == sorted(set(tokens))
    assert len(instants) == len(set(instants))
    _compare(fleet)


def _compare(fleet: Fleet) -> None:
    """Compare the history with the journal: each tick that was begun, under its outcome."""
    store = open_store(fleet.address)
    store.open("default", "judge", float)
    try:
        for name in ("beat", "plain"):
            recorded = {
                run.due.isoformat(): str(run.outcome)
                for run in store.runs(name, 10_000)
                if run.started is not None
            }
            assert recorded == dict.fromkeys({line[1] for line in fleet.lines(name)}, "succeeded")
    finally:
        store.close()


def test_s84_s85_killed_workers_repeat_nothing(fleet: Fleet, request: pytest.FixtureRequest):
    """S84, S85: SIGKILL at any moment; the others go on at once with what nobody had begun."""
    kills, chance = request.config.getoption("--kills"), random.Random(1)
    fleet.start(4)
    fleet.wait_for("ready", 4)
    for kill in range(kills):
        beats = len(fleet.lines("beat")) + len(fleet.lines("plain"))
        fleet.wait_for("beat", len(fleet.lines("beat")) + chance.randrange(1, 4))
        victim = fleet.workers.pop(chance.randrange(len(fleet.workers)))
        victim.kill()
        victim.wait()
        fleet.start()
        fleet.wait_for("ready", 5 + kill)
        assert len(fleet.lines("beat")) + len(fleet.lines("plain")) > beats
    fleet.end()

    assert fleet.twice() == []


@pytest.mark.parametrize("fleet", ["sqlite"], indirect=True)
def test_s80_s86_a_worker_that_was_stopped_for_longer_than_its_lease_lets_go(fleet: Fleet):
    """S80, S86: the next tick is run elsewhere, and the run that wakes up is cancelled."""
    fleet.start(2)
    (first, *_) = fleet.wait_for("long begins")
    stopped = int(first[-1])

    os.kill(stopped, signal.SIGSTOP)
    others = [worker.pid for worker in fleet.workers if worker.pid != stopped]
    (second, *_) = fleet.wait_for("long begins", pid=others[0])
    os.kill(stopped, signal.SIGCONT)
    fleet.wait_for("long is lost", pid=stopped)
    fleet.end()

    assert int(second[2]) > int(first[2])
    assert fleet.twice() == []


def test_s92_a_pause_is_heeded_by_all_workers(fleet: Fleet):
    """S92: within a poll, and it outlives them."""
    fleet.start(3)
    fleet.wait_for("ready", 3)
    fleet.wait_for("beat", 5)

    fleet.workers[0].send_signal(signal.SIGUSR1)
    store = open_store(fleet.address)
    store.open("default", "judge", float)
    wait_for(lambda: store.read(["beat"]).rows["beat"].paused)
    store.close()
    fleet.wait_for("plain", len(fleet.lines("plain")) + 5)
    paused = len(fleet.lines("beat"))
    fleet.end()
    fleet.start(2)
    fleet.wait_for("plain", len(fleet.lines("plain")) + 5)
    fleet.end()

    assert len(fleet.lines("beat")) == paused
