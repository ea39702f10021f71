"""A connection that a server has cut is made anew; what was under way has not happened by half."""

from contextlib import ExitStack, closing

import pytest

from ostinato import StoreUnavailableError
from ostinato.stores import open_store
from ostinato.testing._store_contract._cluster import LONG, Cluster

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
