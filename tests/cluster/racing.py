"""Workers that race for every tick, each in a process of its own, with a journal of its own.

python racing.py ADDRESS NAMESPACE FOLDER RACERS TICKS: first on one row, then on twenty.

Of the twenty the history is pruned all the while.
"""

import os
import sys
import time
import uuid
from pathlib import Path
from typing import TextIO

from ostinato import Outcome, Run
from ostinato._lease import Claim, Lease, Registration, Retention, Settlement, TaskRow
from ostinato.errors import StoreUnavailableError
from ostinato.stores import open_store
from ostinato.stores.redis import RedisStore
from ostinato.stores.sql import SqlStore

LEASE = 30_000
PERIOD = 10
SPEC = "as fast as can be"
# Of each of many rows: next to nothing.
KEPT = Retention(2)


def race(  # noqa: PLR0917 - a script
    store: RedisStore | SqlStore,
    namespace: str,
    journal: TextIO,
    racers: int,
    names: list[str],
    ticks: int,
):
    """Claim and settle until every tick of every task was run by somebody."""
    owner = str(uuid.uuid4())
    store.open(namespace, owner, lambda: time.time() * 1_000)
    # Who is first begins the grid, all of whose ticks are due.
    begin = store.read([]).now - PERIOD * ticks
    rows = store.register([Registration(name, SPEC, begin) for name in names]).rows
    last = {name: (row.anchor or 0) + PERIOD * (ticks - 1) for name, row in rows.items()}
    give_up = time.monotonic() + 600
    while len(store.read().workers) < racers:
        # Nobody begins before all are there.
        assert time.monotonic() < give_up
        time.sleep(0.02)
    began = time.monotonic()
    while any(row.next_due is not None for row in rows.values()):
        wanted = [(row, row.next_due) for row in rows.values() if row.next_due is not None]
        claims = [
            Claim(row.name, SPEC, due, due, None if due >= last[row.name] else due + PERIOD)
            for row, due in wanted
        ]
        try:
            reply = store.claim(claims, LEASE)
        except StoreUnavailableError as error:
            print(namespace, "unavailable", error, sep="\t", file=journal)
            continue
        rows |= reply.rows
        for lease in reply.leases:
            print(namespace, lease.name, lease.due, lease.token, owner, sep="\t", file=journal)
        assert None not in _settled(store, reply.leases, namespace, journal)
        if len(names) > 1 and reply.leases:
            _prune(store, namespace, journal)
    print(namespace, "seconds", time.monotonic() - began, sep="\t", file=sys.stderr)


def _prune(store: RedisStore | SqlStore, namespace: str, journal: TextIO) -> None:
    """Let the history be cut short while others claim, by whoever comes first after a moment."""
    try:
        store.prune(KEPT, every=20)
    except StoreUnavailableError as error:
        # Another time will do.
        print(namespace, "unpruned", error, sep="\t", file=journal)


def _settled(
    store: RedisStore | SqlStore, leases: list[Lease], namespace: str, journal: TextIO
) -> list[TaskRow | None]:
    """Tell how runs ended, until it is answered."""
    while True:
        try:
            return store.settle([Settlement(_ended(lease, namespace)) for lease in leases])
        except StoreUnavailableError as error:
            print(namespace, "unavailable", error, sep="\t", file=journal)


def _ended(lease: Lease, namespace: str) -> Run:
    run = Run(lease.name, lease.due, namespace, token=lease.token)
    run.outcome = Outcome.SUCCEEDED
    return run


def _race_twice(address: str, namespace: str, journal: Path, racers: int, ticks: int) -> None:
    store = open_store(address)
    assert isinstance(store, (RedisStore, SqlStore))
    with journal.open("w") as lines:
        for number in (1, 20):
            names = [f"task-{each}" for each in range(number)]
            race(store, f"{namespace}-{number}", lines, racers, names, ticks // number)
    store.close()


if __name__ == "__main__":
    address, namespace, folder, racers, ticks = sys.argv[1:]
    open_store(address)  # Imports what each would import by itself.
    children: list[int] = []
    for number in range(int(racers)):
        if not (child := os.fork()):
            journal = Path(folder, f"journal-{number}")
            _race_twice(address, namespace, journal, int(racers), int(ticks))
            sys.exit()
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(any(codes))
