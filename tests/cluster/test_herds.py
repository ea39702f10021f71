"""Many tasks that are due at once: how many statements that takes, and how long."""

import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest

from tests.cluster.fleet import Fleet
from tests.support.servers import Server
from tests.support.waiting import wait_for

MANY = 1_000
# What the statements say with which many are claimed, or settled, at once; looks at whether
# anything was steered, and heartbeats, are left out.
MARKS = {"claims": "seen AS MATERIALIZED", "settlements": "held AS ("}
LEFT_OUT = ("SUM(config_rev)", "SET since = ", "ostinato_worker")


def test_s76_s89_tasks_that_are_due_at_once_are_shared_by_many_workers(
    fleet: Fleet, herd: int, request: pytest.FixtureRequest
):
    """S76, S84, S89: each of them is run once, none waits for long, and few statements do it."""
    names = [f"many-{number}" for number in range(herd)]
    workers = 16 if herd >= MANY else 4
    asked = Counter[str]()
    with ExitStack() as stack:
        # Due in an hour; when all workers are there, all at once before long.
        fleet.start(workers, tasks=names, lease=30, begin=time.time() + 3_600)
        store = stack.enter_context(fleet.store())
        wait_for(lambda: [each.tasks for each in store.workers()] == [herd] * workers, seconds=100)
        begin = time.time() + (35 if herd >= MANY else 3)
        for name in names:
            store.control(name, {"next_due": round(begin * 1_000)})
        # Each looks for what was steered twice in a second.
        assert time.time() < begin - 1
        wait_for(lambda: time.time() > begin - 0.4)
        if fleet.address.startswith("postgresql"):
            server: Server = request.getfixturevalue("postgresql_server")
            stack.enter_context(_counted(server, asked))
        wait_for(
            lambda: sum(len(fleet.lines(name)) for name in names) >= herd,
            seconds=110,
            what=fleet.complaints,
        )
        fleet.end()

    lines = [line for name in names for line in fleet.lines(name)]
    assert len(lines) == herd
    assert {line[0] for line in lines} == set(names)
    late = max(float(line[3]) for line in lines)
    shares = sorted(Counter(line[-1] for line in lines).values())
    print(f"{herd} tasks due at once, {workers} workers: the last {late} s late, {dict(asked)}")
    print(f"  shares of the workers: {shares}")
    if asked:
        # One statement is for a hundred at the most, and each worker may come in vain, a few times.
        assert asked["claims"] <= herd / 100 + 4 * workers


@contextmanager
def _counted(server: Server, asked: Counter[str]) -> Generator[None]:
    """Count what the server is *asked* meanwhile."""
    log = server._log
    with closing(psycopg.connect(server.address, autocommit=True)) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        begin = log.stat().st_size
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")
    with log.open() as text:
        text.seek(begin)
        for line in text:
            if "statement: " in line and "ostinato_" in line:
                kinds = [kind for kind, mark in MARKS.items() if mark in line] or ["others"]
                asked.update(() if any(each in line for each in LEFT_OUT) else kinds)
