"""The contract of stores, kept by the one in PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psycopg
import pytest

from ostinato.stores import open_store
from ostinato.stores.sql import SqlStore
from ostinato.testing import StoreContract
from ostinato.testing._store_contract._cluster import LONG, Cluster
from tests.support.waiting import wait_for

WAITING = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
# A copy of the run that is there, for the next tick.
BEGIN_BESIDE = """
INSERT INTO ostinato_run (ns, name, due, number, reason, takeover, kind, token, outcome, attempts,
  lease_until, cancel_requested, count)
SELECT ns, name, due + 1, number, reason, takeover, kind, token + 1, outcome, attempts,
  lease_until, cancel_requested, count
FROM ostinato_run WHERE ns = %s
"""


class TestPostgresqlStore(StoreContract):
    """Every worker has a connection of its own to one server."""

    @pytest.fixture
    def store_factory(self, postgresql_address: str) -> Iterator[Callable[[], SqlStore]]:
        """Return a function that makes stores over one database."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(open_store(postgresql_address)))

    def test_s89_workers_share_what_is_due_together(self, store_factory):
        """S89: nobody takes more than a hundred at once; the rest is left to who comes for it."""
        cluster = Cluster(store_factory)
        one, other = cluster.worker(), cluster.worker()
        names = [f"task-{number:03}" for number in range(250)]
        one.register(*names)
        claims = [one.tick(name=name) for name in names]

        first = one.store.claim(claims, LONG)
        second = other.store.claim(claims, LONG)

        assert [lease.name for lease in first.leases] == names[:100]
        assert first.undecided == set(names[100:])
        assert [lease.name for lease in second.leases] == names[100:200]
        assert second.undecided == set(names[200:])
        assert {row.token for row in first.rows.values()} >= {first.leases[0].token}
        assert set(first.rows) == set(second.rows) == set(names)
        assert all(one.settle(lease) for lease in first.leases[:3])

    def test_s89_a_batch_waits_for_nobody(self, store_factory, postgresql_address):
        """S89: what another worker is busy with is passed over, and is neither won nor lost."""
        worker = Cluster(store_factory).worker()
        worker.register("busy", "free")
        claims = [worker.tick(name=name) for name in ("busy", "free")]
        busy = "SELECT 1 FROM ostinato_task WHERE ns = %s AND name = 'busy' FOR UPDATE"

        with psycopg.connect(postgresql_address) as rival:
            rival.execute(busy, [worker.namespace])
            reply = worker.store.claim(claims, LONG)

        assert ([lease.name for lease in reply.leases], reply.undecided) == (["free"], {"busy"})
        assert worker.take(claims[0]) is not None

    def test_s89_a_batch_that_is_broken_off_is_tried_again(self, store_factory, postgresql_address):
        """S89: of two that wait for each other the server ends one, which has changed nothing."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        claim = worker.tick(0)

        with psycopg.connect(postgresql_address) as rival, ThreadPoolExecutor() as threads:
            # It is the other that finds out.
            rival.execute("SET deadlock_timeout = '30s'")
            rival.execute("UPDATE ostinato_fence SET token = 0 WHERE ns = %s", [worker.namespace])
            claiming = threads.submit(worker.take, claim)
            with psycopg.connect(postgresql_address, autocommit=True) as onlooker:
                wait_for(lambda: onlooker.execute(WAITING).fetchone() == (1,))
            rival.execute("UPDATE ostinato_task SET seen_at = 0 WHERE ns = %s", [worker.namespace])
            rival.rollback()
            # The rival may still have held the row, which is then left undecided.
            lease = claiming.result() or worker.take(claim)

        assert lease is not None
        assert worker.row().starts == 1

    def test_s31_who_waits_for_the_row_counts_again(self, store_factory, postgresql_address):
        """S31: a run that a rival begins beside while a claim waits for the row has its place."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        begun = worker.take(worker.tick(0, concurrency=2))
        assert begun is not None
        claim = worker.tick(1, concurrency=2)

        with psycopg.connect(postgresql_address) as rival, ThreadPoolExecutor() as threads:
            held = "UPDATE ostinato_task SET token = token + 1 WHERE ns = %s"
            rival.execute(held, [worker.namespace])
            claiming = threads.submit(worker.take, claim)
            with psycopg.connect(postgresql_address, autocommit=True) as onlooker:
                wait_for(lambda: onlooker.execute(WAITING).fetchone() == (1,))
            rival.execute(BEGIN_BESIDE, [worker.namespace])
            rival.commit()

            assert claiming.result() is None
