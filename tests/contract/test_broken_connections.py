"""A connection that a server has cut is made anew; what was under way has not happened by half."""

from contextlib import ExitStack, closing, suppress

import pytest

from ostinato import StoreUnavailableError
from ostinato._lease import Lease
from ostinato.stores import open_store
from ostinato.stores.sql._session import Cursor
from ostinato.testing._store_contract._cluster import LONG, Cluster, Worker
from tests.support.waiting import wait_for

CUT = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL",
    "mariadb": "KILL {0}",
}


@pytest.mark.parametrize("server", sorted(CUT))
def test_s87_a_connection_that_was_cut_is_made_anew(server: str, request: pytest.FixtureRequest):
    """S87: the call under way fails and may be made again; nobody else notices."""
    address = request.getfixturevalue(f"{server}_address")
    with ExitStack() as stack:
        cluster = Cluster(lambda: stack.enter_context(closing(open_store(address))))
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task")
        statement = CUT[server]
        if server == "mariadb":
            number = worker.store._sessions.read("SELECT CONNECTION_ID()", {})[0][0]
            statement = statement.format(number)
        other.store._sessions.read(statement, {})

        with pytest.raises(StoreUnavailableError):
            worker.store.claim([worker.tick(0)], LONG)

        lease = worker.take_tick(0)
        assert worker.settle(lease)
        assert worker.history() == [(0, "succeeded")]


@pytest.mark.parametrize("server", sorted(CUT))
def test_s80_a_worker_that_is_stopped_in_a_transaction_locks_nobody_out(
    server: str, request: pytest.FixtureRequest
):
    """S80: the server breaks it off, also behind statements that were sent together."""
    address = request.getfixturevalue(f"{server}_address")
    with ExitStack() as stack:
        cluster = Cluster(lambda: stack.enter_context(closing(open_store(address))))
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task")
        touch = "UPDATE ostinato_task SET seen_at = 0 WHERE ns = %(ns)s AND name = %(name)s"
        leases: list[Lease] = []

        def stop(cursor: Cursor) -> None:
            cursor.executemany(touch, [{"ns": worker.namespace, "name": "task"}] * 2)
            assert cursor.rowcount == 2
            wait_for(lambda: _took(other, leases), seconds=15)

        with pytest.raises(StoreUnavailableError):
            worker.store._sessions.write(stop)

        assert worker.row().token == leases[0].token
        assert other.settle(leases[0])


def _took(worker: Worker, leases: list[Lease]) -> bool:
    # Where it would have to wait for the row it is refused, or left undecided.
    with suppress(StoreUnavailableError):
        leases += filter(None, [worker.take(worker.tick(0))])
    return bool(leases)
