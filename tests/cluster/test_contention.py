"""Rows that somebody else holds, and a server whose replica takes its place."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pymysql
import pytest
from redis import Redis
from sqlalchemy import make_url

from tests.cluster.fleet import Fleet
from tests.support.proxy import proxied
from tests.support.servers import Server, redis
from tests.support.waiting import wait_for

FAILED = "The store failed"
SOON = 30


@pytest.mark.parametrize("server", ["postgresql", "mariadb"], indirect=True)
def test_s80_s87_rows_that_somebody_locks_for_long_cost_no_lease(
    server: Server, fleet_at: Callable[[str], Fleet]
):
    """S80, S87: calls are given up after two seconds; heartbeats that failed are made up for."""
    fleet = fleet_at(server.address)
    fleet.start(2, tasks=("long", "beat", "plain", "local"), lease=20)
    (begun,) = fleet.wait_for("long begins")
    fleet.wait_for_more("beat", 2)

    with _locked(server.address, fleet.name, "long", "beat"):
        # No call of the one whose runs these are gets through: its heartbeats neither.
        fleet.wait_until_logged(FAILED)
        fleet.wait_for_more("local", 25)
    fleet.wait_for_more("beat", 3, seconds=SOON)
    fleet.wait_for_more("plain", 3, seconds=SOON)
    fleet.end()

    assert fleet.lines("long begins") == [begun]
    assert fleet.lines("long is lost") == []
    assert fleet.twice() == []
    fleet.compare_history("beat", "plain", may_be_abandoned=True)


@contextmanager
def _locked(address: str, namespace: str, *names: str) -> Iterator[None]:
    """Hold the locks of the rows of some tasks."""
    url = make_url(address)
    place = {"host": url.host, "port": url.port, "user": url.username}
    if address.startswith("postgresql"):
        connection = psycopg.connect(dbname=url.database, **place)
    else:
        connection = pymysql.connect(database=url.database, **place)
    locking = "SELECT 1 FROM ostinato_task WHERE ns = %s AND name IN (%s, %s) FOR UPDATE"
    with connection, connection.cursor() as cursor:
        cursor.execute(locking, (namespace, *names))
        assert len(cursor.fetchall()) == len(names)
        yield
        connection.rollback()


def test_s87_workers_go_on_with_the_replica_that_takes_the_place_of_a_redis(
    tmp_path: Path, fleet_at: Callable[[str], Fleet]
):
    """S87: one tick of each task, whose claim the replica had not heard of, may be run again."""
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("first", "second")]
        for folder in folders:
            folder.mkdir()
        first, second = (stack.enter_context(redis(folder)) for folder in folders)
        replica = stack.enter_context(Redis.from_url(second.address))
        replica.replicaof("127.0.0.1", first.port)
        wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        proxy = stack.enter_context(proxied(first.address))
        fleet = fleet_at(first.address)
        fleet.start(2, tasks=("beat", "plain", "hourly", "local"), address=proxy.address)
        fleet.wait_for_more("beat", 3)

        first.kill()
        fleet.wait_until_logged(FAILED)
        replica.replicaof("NO", "ONE")
        # As Sentinel, or a service, lets one address be that of another server.
        proxy.upstream = second.port
        fleet.wait_for_more("beat", 3, seconds=SOON)
        fleet.wait_for_more("plain", 3, seconds=SOON)
        fleet.address = second.address
        fleet.end()

        assert len(fleet.lines("hourly")) == 1
        repeated = fleet.twice()
        assert len(repeated) == len({kind for kind, _ in repeated})
        with fleet.store() as store:
            tokens = {name: row.token for name, row in store.read().rows.items()}
        for name in ("beat", "plain"):
            assert tokens[name] >= max(int(line[2]) for line in fleet.lines(name))
