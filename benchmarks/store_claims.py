"""CPU of a claim and of a settlement over SQLite, one tick and a hundred at a time.

`python -m benchmarks.store_claims`, with the library installed. Beside them, interleaved: the least
statements that a claim is, by `sqlite3` alone, on tables of a third of the columns.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks._raw_claims import LEASE, claim_raw, raw_tables, settle_raw
from ostinato import Outcome, Run
from ostinato._lease import Claim, Registration, Settlement
from ostinato.stores import open_store

_ROUNDS = 60


def _claim_raw(raw: sqlite3.Connection, names: list[str], due: int, now: int) -> None:
    raw.execute("BEGIN IMMEDIATE")
    for name in names:
        claim_raw(raw, name, due, now)
    raw.execute("COMMIT")


def _settle_raw(raw: sqlite3.Connection, names: list[str], due: int, now: int) -> None:
    raw.execute("BEGIN IMMEDIATE")
    for name in names:
        settle_raw(raw, name, due, now)
    raw.execute("COMMIT")


def _measure(folder: Path, number: int) -> None:
    names = [f"task-{place}" for place in range(number)]
    due = int(time.time() * 1_000) - 10_000_000
    store = open_store(f"sqlite:///{folder}/{number}.db")
    store.open("ns", "me", lambda: time.time() * 1_000)
    store.register([Registration(name, "every 10 ms", due) for name in names])
    raw = raw_tables(folder / f"raw-{number}.db", names, due)
    spent: dict[str, list[float]] = {}

    def timed(title: str, work: Callable[[], object]) -> object:
        begun = time.process_time()
        done = work()
        spent.setdefault(title, []).append((time.process_time() - begun) / number * 1e6)
        return done

    for _ in range(_ROUNDS):
        now, this = int(time.time() * 1_000), due
        timed("claim, sqlite3 alone", lambda: _claim_raw(raw, names, this, now))  # noqa: B023 - now
        timed("settle, sqlite3 alone", lambda: _settle_raw(raw, names, this, now))  # noqa: B023
        claims = [Claim(name, "every 10 ms", due, due, due + 10) for name in names]
        leases = timed("claim", lambda: store.claim(claims, LEASE)).leases  # noqa: B023
        timed("lose", lambda: store.claim(claims, LEASE))  # noqa: B023
        ended: list[Settlement] = []
        for lease in leases:
            run = Run(lease.name, lease.due, "ns", token=lease.token)
            run.outcome = Outcome.SUCCEEDED
            run._started = run._finished = float(due)  # noqa: SLF001 - as a worker tells it
            ended.append(Settlement(run))
        timed("settle", lambda: store.settle(ended))  # noqa: B023
        due += 10
    for what in ("claim", "settle"):
        pairs = zip(spent[what], spent[f"{what}, sqlite3 alone"], strict=True)
        ratio = statistics.median(ours / alone for ours, alone in pairs)
        print(f"{number:4} at once, {what}: {ratio:.1f} x sqlite3 alone")
    for title, each in spent.items():
        middle, least = statistics.median(each), min(each)
        print(f"{number:4} at once, {title:22} {middle:7.1f} us, least {least:.1f}")
    store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        for _number in (1, 100):
            _measure(Path(_folder), _number)
