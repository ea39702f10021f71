"""What the stores tell of the time zones by which a run was claimed."""

from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ostinato import Run
from ostinato._tzdb import tzdb_version
from ostinato.stores import open_store
from ostinato.testing._store_contract._cluster import SHORT, Cluster


@pytest.mark.parametrize("server", ["sqlite", "postgresql", "mariadb", "redis"])
def test_s44_a_run_tells_by_which_time_zones_it_was_claimed(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
):
    """S44: under way, when it has ended, and of a worker that died."""
    file = f"sqlite:///{tmp_path}/state.db"
    address = file if server == "sqlite" else request.getfixturevalue(f"{server}_address")
    with ExitStack() as stack:
        cluster = Cluster(lambda: stack.enter_context(closing(open_store(address))))
        worker = cluster.worker()
        worker.register("task")
        worker.settle(worker.take_tick(0))
        cluster.wait_until(worker.take_tick(1, SHORT).until)
        assert worker.store.claim([worker.manual()], SHORT).leases
        cluster.wait_until(worker.row().held.until)
        lease = worker.take_tick(2)

        under_way = worker.store.run(Run("task", lease.due, worker.namespace).id)
        runs = [under_way, *worker.store.runs("task", 10)]

        outcomes = [str(run.outcome) for run in runs]
        assert outcomes == ["None", "abandoned", "abandoned", "succeeded"]
        assert [run.tzdb for run in runs] == [tzdb_version()] * 4
