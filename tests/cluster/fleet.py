"""Workers that share a store, each in a process of its own, and what they write down."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from ostinato import Run
from ostinato._instants import milliseconds_of
from ostinato.stores import open_store
from ostinato.stores.redis import RedisStore
from ostinato.stores.sql import SqlStore
from tests.support.waiting import wait_for

NURSERY = Path(__file__).parent / "nursery.py"
# What a line tells that says that a tick has begun.
BEGINNINGS = ("beat", "plain", "hourly", "long begins", "blocking begins", "slow-skip begins")


class Nursery:
    """Where workers come from; their parent, too, tells how they ended."""

    def __init__(self) -> None:
        """Begin, and wait until it has imported what its children need."""
        self._process = subprocess.Popen(
            [sys.executable, NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"

    def begin(self, **order: object) -> int:
        """Begin a worker; return the number of its process."""
        return int(self._ask(order))

    def end_of(self, pid: int) -> int:
        """Wait for the end of a worker; return how it has ended."""
        return int(self._ask(pid))

    def close(self) -> None:
        """Begin no more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _ask(self, order: object) -> str:
        assert self._process.stdin is not None
        print(json.dumps(order, default=str), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline().strip()
        assert answer, "the nursery has ended"
        return answer


class Fleet:
    """Workers that share a store, and the journal that they write."""

    def __init__(self, address: str, folder: Path, nursery: Nursery) -> None:
        self.address = address
        self.name = f"fleet-{uuid4().hex[:12]}"
        self.workers: list[int] = []
        self._nursery = nursery
        self._path = folder / "journal"
        self._path.touch()
        self._complaints = folder / "complaints"
        self._complaints.touch()
        self._read = 0
        self._lines = defaultdict[str, list[list[str]]](list)

    def start(self, number: int = 1, **options: object) -> list[int]:
        """Start so many workers; *options* are those of `working.work`."""
        order = {"journal": self._path, "complaints": self._complaints, "name": self.name}
        begun = [
            self._nursery.begin(**{"address": self.address, **order, **options})
            for _ in range(number)
        ]
        self.workers += begun
        return begun

    def lines(self, kind: str, pid: int | None = None) -> list[list[str]]:
        """Return the lines of one *kind* that were written, by one worker or by all."""
        with self._path.open("rb") as journal:
            journal.seek(self._read)
            fresh = journal.read()
        for line in fresh.decode().splitlines():
            words = line.split("\t")
            self._lines[words[0]].append(words)
        self._read += len(fresh)
        return [line for line in self._lines[kind] if pid is None or line[-1] == str(pid)]

    def wait_for(
        self, kind: str, number: int = 1, pid: int | None = None, seconds: float = 60
    ) -> list[list[str]]:
        """Wait until so many lines of one *kind* are there."""
        wait_for(
            lambda: len(self.lines(kind, pid)) >= number, seconds=seconds, what=self.complaints
        )
        return self.lines(kind, pid)

    def wait_for_more(self, kind: str, number: int = 1, seconds: float = 60) -> None:
        """Wait until there are so many lines more."""
        self.wait_for(kind, len(self.lines(kind)) + number, seconds=seconds)

    def complaints(self) -> str:
        """Return what the workers have logged."""
        return self._complaints.read_text()

    def wait_until_logged(self, words: str, number: int = 1) -> None:
        """Wait until the workers have logged *words* so often."""
        wait_for(lambda: self.complaints().count(words) >= number, what=self.complaints)

    def kill(self, pid: int) -> None:
        """End a worker as a machine would that loses its power."""
        self.workers.remove(pid)
        os.kill(pid, signal.SIGKILL)
        assert self._nursery.end_of(pid) == -signal.SIGKILL

    def end(self, *pids: int) -> None:
        """Ask workers, by default all, for the end, which comes in peace."""
        chosen = pids or tuple(self.workers)
        for pid in chosen:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
        self.workers = [pid for pid in self.workers if pid not in chosen]
        assert [self._nursery.end_of(pid) for pid in chosen] == [0] * len(chosen), self.complaints()

    def close(self) -> None:
        """Leave no process behind."""
        for pid in tuple(self.workers):
            self.kill(pid)

    def twice(self) -> list[tuple[str, str]]:
        """Return the ticks that began more than once."""
        counts = Counter((kind, line[1]) for kind in BEGINNINGS for line in self.lines(kind))
        return [tick for tick, count in counts.items() if count > 1]

    def runs(self, task: str) -> list[Run]:
        """Return the records of a *task*, the latest first."""
        with self.store() as store:
            return list(store.runs(task, 10_000))

    @contextmanager
    def store(self) -> Generator[RedisStore | SqlStore]:
        """Look at the store from outside."""
        store = open_store(self.address)
        assert isinstance(store, (RedisStore, SqlStore))
        store.open(self.name, "onlooker", float)
        try:
            yield store
        finally:
            store.close()

    def account_for(self, name: str, period: float) -> Counter[str]:
        """Find each tick of the task *name* in the history once, from the first to the last.

        Returns how many of them have ended in which outcome, as the counters tell.
        """
        with self.store() as store:
            row = store.read([name]).rows[name]
            records, counts = store.runs(name, 1_000_000), Counter(store.summary()[name])
        assert row.anchor is not None
        assert row.next_due is not None
        step = round(period * 1_000)
        grid = range(row.anchor, row.next_due, step)
        ranges = [
            range(milliseconds_of(each.due), milliseconds_of(each.last_due) + 1, step)
            for each in records
        ]
        found = Counter(due for each in ranges for due in each)
        # With the records around each, which tell how it came to that.
        wrong = {due for due in {*found, *grid} if found[due] != 1 or due not in grid}
        around = [
            (
                name,
                due,
                each.due.isoformat(),
                each.count,
                str(each.outcome),
                each.reason,
                each.token,
            )
            for due in sorted(wrong)[:3]
            for each, spanned in zip(records, ranges, strict=True)
            if spanned.start - 5 * step <= due <= spanned.stop + 5 * step
        ]
        assert wrong == set(), "\n".join(map(str, around))
        assert [each.count for each in records] == [len(each) for each in ranges]
        assert counts.total() == len(grid)
        return counts

    def compare_history(self, *tasks: str, may_be_abandoned: bool = False) -> None:
        """Compare the history with the journal: each tick that was begun, as succeeded.

        What was granted, or has ended, while nobody could be told *may be abandoned*.
        """
        for name in tasks:
            recorded = {
                run.due.isoformat(): str(run.outcome)
                for run in self.runs(name)
                if run.started is not None
            }
            begun = {line[1] for line in self.lines(name)}
            if may_be_abandoned:
                assert begun <= recorded.keys()
                recorded = {due: each for due, each in recorded.items() if each != "abandoned"}
                begun &= recorded.keys()
            assert recorded == dict.fromkeys(begun, "succeeded"), (recorded, begun)


def at(line: list[str]) -> float:
    """Return when what a *line* tells of has begun, in seconds."""
    return datetime.fromisoformat(line[1]).timestamp() + float(line[3])
