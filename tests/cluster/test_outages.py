"""Servers that are killed, full, slow or cut off: workers wait, and go on when they are back."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pymysql
import pytest
from redis import Redis

from tests.cluster.fleet import Fleet
from tests.support.proxy import proxied
from tests.support.servers import Server, redis

TASKS = ("beat", "plain", "hourly", "local")
FAILED = "The store failed"
# The longest wait for a store that does not answer is 5 s, a call 2 s.
SOON = 30


@pytest.mark.parametrize("server", ["postgresql", "pgbouncer", "mariadb", "redis"], indirect=True)
def test_s87_workers_go_on_once_a_server_that_was_killed_is_back(
    server: Server, fleet_at: Callable[[str], Fleet]
):
    """S87: nothing that is not a task stops with it, and no tick is run twice."""
    fleet = fleet_at(server.address)
    fleet.start(3, tasks=TASKS)
    fleet.wait_for_more("beat", 3)

    server.kill()
    for pid in fleet.workers:
        fleet.wait_for("local", len(fleet.lines("local", pid)) + 5, pid)
    fleet.wait_until_logged(FAILED)
    server.begin()
    fleet.wait_for_more("beat", 3, seconds=SOON)
    fleet.wait_for_more("plain", 3, seconds=SOON)
    fleet.end()

    assert fleet.twice() == []
    assert len(fleet.lines("hourly")) == 1
    # This Redis comes back with nothing, and is registered at again.
    if "redis" not in server.address:
        fleet.compare_history("beat", may_be_abandoned=True)


def test_s87_a_redis_that_keeps_its_state_comes_back_with_it(
    tmp_path: Path, fleet_at: Callable[[str], Fleet]
):
    """S87: what was to be run in an hour is not run before."""
    with redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        fleet = fleet_at(server.address)
        fleet.start(2)
        fleet.wait_for_more("beat", 3)
        server.kill()
        fleet.wait_until_logged(FAILED)
        server.begin()
        fleet.wait_for_more("beat", 3, seconds=SOON)
        fleet.end()

        assert fleet.twice() == []
        assert len(fleet.lines("hourly")) == 1
        fleet.compare_history("beat", "plain", may_be_abandoned=True)


def test_s87_workers_start_without_their_server(server: Server, fleet_at: Callable[[str], Fleet]):
    """S87: they serve, run what needs no store, say so once, and begin when it is there."""
    fleet = fleet_at(server.address)
    server.kill()
    fleet.start(2, tasks=TASKS)
    fleet.wait_for("ready", 2)
    fleet.wait_for("local", 10)
    server.begin()
    fleet.wait_for("beat", 3, seconds=SOON)
    fleet.end()

    assert fleet.twice() == []
    assert fleet.complaints().count(FAILED) == 2


# What the message says with which claims and settlements count: PostgreSQL takes one statement.
COMMITS = {
    "postgresql": b"lock_timeout",
    "mysql": b"COMMIT",
    "mariadb": b"COMMIT",
    "redis": b"EVALSHA",
}


@pytest.mark.parametrize("when", ["before", "after"])
def test_s79_connections_that_are_cut_at_a_commit_lose_and_repeat_nothing(
    when: str, server: Server, fleet_at: Callable[[str], Fleet]
):
    """S79: whether it was cut before it was asked, or before it was answered."""
    mark = next(mark for name, mark in COMMITS.items() if server.address.startswith(name))
    with proxied(server.address) as proxy:
        fleet = fleet_at(server.address)
        fleet.start(2, tasks=("beat", "plain", "hourly"), lease=20, address=proxy.address)
        fleet.wait_for("beat", 2)

        proxy.every = 7
        setattr(proxy, f"cut_{when}", mark)
        fleet.wait_for_more("beat", 8)
        setattr(proxy, f"cut_{when}", None)
        assert proxy.cuts >= 3
        fleet.wait_for_more("beat", 2)
        fleet.wait_for_more("plain", 2)
        fleet.end()

    assert fleet.twice() == []
    assert len(fleet.lines("hourly")) == 1
    fleet.compare_history("beat", "plain")


def test_s80_a_slow_server_costs_no_lease(server: Server, fleet_at: Callable[[str], Fleet]):
    """S80: each question takes 0.8 s longer; the runs go on, and others begin."""
    with proxied(server.address) as proxy:
        fleet = fleet_at(server.address)
        fleet.start(2, tasks=("long", "beat"), lease=24, address=proxy.address)
        (begun,) = fleet.wait_for("long begins")

        proxy.delay = 0.4
        fleet.wait_for_more("beat", 2)
        proxy.delay = 0.0
        fleet.wait_for_more("beat", 2)
        fleet.end()

    assert fleet.lines("long is lost") == []
    assert fleet.lines("long begins") == [begun]
    assert fleet.twice() == []


def test_s80_a_run_that_is_cut_off_without_a_word_ends_before_its_lease(
    server: Server, fleet_at: Callable[[str], Fleet]
):
    """S80: its worker finds out by itself, and the tick that is due next runs elsewhere."""
    with proxied(server.address) as proxy:
        fleet = fleet_at(server.address)
        (cut_off,) = fleet.start(tasks=("long", "local"), address=proxy.address)
        (first, *_) = fleet.wait_for("long begins")
        proxy.is_open = False
        (other,) = fleet.start(tasks=("long", "local"))
        (second,) = fleet.wait_for("long begins", pid=other)
        fleet.wait_for("long is lost", pid=cut_off)
        local = len(fleet.lines("local", cut_off))
        fleet.wait_for("local", local + 5, cut_off)
        proxy.is_open = True
        fleet.end(other)
        fleet.wait_for("long begins", 2, cut_off, seconds=SOON)
        fleet.end()

    assert int(second[2]) > int(first[2])
    assert fleet.twice() == []


def test_s87_workers_wait_for_a_server_that_takes_no_more_connections(
    server: Server, fleet_at: Callable[[str], Fleet]
):
    """S87: what needs no store runs, and the rest once there is room."""
    fleet = fleet_at(server.address)
    with _full(server.address):
        fleet.start(2, tasks=TASKS)
        fleet.wait_for("ready", 2)
        fleet.wait_for("local", 6)
        assert fleet.lines("beat") == []
        assert fleet.complaints().count(FAILED) == 2
    fleet.wait_for("beat", 3, seconds=SOON)
    fleet.end()

    assert fleet.twice() == []


@contextmanager
def _full(address: str) -> Iterator[None]:
    """Take all connections that the server has."""
    with ExitStack() as stack:
        if address.startswith("redis"):
            client = stack.enter_context(Redis.from_url(address))
            client.config_set("maxclients", 1)
            stack.callback(client.config_set, "maxclients", 10_000)
            yield
            return
        with suppress(psycopg.OperationalError, pymysql.err.OperationalError):
            while True:
                stack.enter_context(closing(_connected(address)))
        yield


def _connected(address: str) -> psycopg.Connection | pymysql.Connection:
    if address.startswith("postgresql"):
        return psycopg.connect(address)
    host, port = re.findall(r"@(.*):(\d+)", address)[0]
    return pymysql.connect(host=host, port=int(port), user="tester")
