"""From an address to a store."""

import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool

from ostinato import (
    ArgumentTypeError,
    InvalidArgumentError,
    MissingExtraError,
    StoreUnavailableError,
)
from ostinato.stores import MemoryStore, open_store


@pytest.mark.parametrize(
    ("address", "driver", "kind"),
    [
        ("sqlite:///state.db", "sqlite+pysqlite", "SqliteStore"),
        ("sqlite+aiosqlite:///state.db", "sqlite+pysqlite", "SqliteStore"),
        ("postgres://host/db", "postgresql+psycopg", "PostgresqlStore"),
        ("postgresql://host/db", "postgresql+psycopg", "PostgresqlStore"),
        ("postgresql+asyncpg://host/db", "postgresql+psycopg", "PostgresqlStore"),
        ("mysql+asyncmy://host/db", "mysql+pymysql", "MysqlStore"),
        ("mariadb://host/db", "mysql+pymysql", "MysqlStore"),
    ],
)
def test_an_address_stands_for_the_synchronous_driver_of_its_database(
    address: str, driver: str, kind: str
):
    """S87: the store works on threads of its own."""
    store = open_store(address)

    assert type(store).__name__ == kind
    assert store._engine.url.drivername == driver
    store.close()


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("redis://host", "redis://host:6379/0"),
        ("redis://me:secret@host:7000/2?max_connections=3", "redis://host:7000/2"),
        ("rediss://host/1", "rediss://host:6379/1"),
        ("valkey://host", "redis://host:6379/0"),
        ("valkeys://host", "rediss://host:6379/0"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_redis_has_the_addresses_of_its_driver(address: str, title: str):
    """S87: and those of Valkey; every call has its limit, whatever the address says."""
    store = open_store(f"{address}{'&' if '?' in address else '?'}socket_timeout=60")

    assert type(store).__name__ == "RedisStore"
    assert store._link.title == title
    assert store._link._given["socket_timeout"] == 2
    store.close()


def test_memory_is_an_address_too():
    """It is the process's own."""
    assert isinstance(open_store("memory://"), MemoryStore)


def test_what_a_driver_calls_differently_is_translated():
    """The other arguments stay as they are."""
    store = open_store("postgresql+asyncpg://me:secret@host/db?ssl=require&application_name=app")

    assert dict(store._engine.url.query) == {"sslmode": "require", "application_name": "app"}
    assert "secret" not in store._sessions.title


def test_the_pool_of_an_application_s_engine_is_left_alone(tmp_path: Path):
    """S87: the store has connections of its own, made as the engine's are."""
    engine = create_engine(f"sqlite:///{tmp_path}/state.db", poolclass=QueuePool)

    with closing(open_store(engine)) as store:
        store.open("default", "me", float)

        assert isinstance(engine.pool, QueuePool)
        assert engine.pool.checkedout() == engine.pool.checkedin() == 0
        assert store._engine is engine


def test_an_asynchronous_engine_stands_for_its_database(tmp_path: Path):
    """Only its address is taken over."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/state.db")

    with closing(open_store(engine)) as store:
        store.open("default", "me", float)

        assert store._engine.url.drivername == "sqlite+pysqlite"
        assert store._engine.url.database == f"{tmp_path}/state.db"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("oracle://me:secret@host/db", "no database that workers share"),
        ("no address", "is no address"),
        ("redis://me:secret@host:port", "is no address"),
        ("redis://me:secret@host?strange=1", "is no address"),
        ("sqlite://", "memory of one connection"),
        ("sqlite+aiosqlite:///:memory:", "memory of one connection"),
    ],
)
def test_an_address_without_a_store_is_refused(address: str, words: str):
    """The message has no password, and says what to pass."""
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        open_store(address)

    assert "memory://" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_something_else_is_refused():
    """An address or an engine is asked for."""
    with pytest.raises(ArgumentTypeError, match="store=3"):
        open_store(3)


@pytest.mark.parametrize("prefix", ["", "Tick", "a-b", "a" * 42, "a; --", "1a"])
def test_s100_a_prefix_is_a_plain_name(prefix: str):
    """S100: it becomes part of statements."""
    with pytest.raises(InvalidArgumentError, match="prefix"):
        open_store("sqlite:///state.db", prefix=prefix)
    with pytest.raises(InvalidArgumentError, match="schema"):
        open_store("sqlite:///state.db", schema=prefix)
    with pytest.raises(InvalidArgumentError, match="prefix"):
        open_store("redis://host", prefix=prefix)


@pytest.mark.parametrize(
    ("address", "module", "extra"),
    [
        ("postgresql://host/db", "psycopg", "postgres"),
        ("mysql://host/db", "pymysql", "mysql"),
        ("redis://host", "redis", "redis"),
    ],
)
def test_a_missing_driver_names_its_extra(
    address: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
):
    """Who installs it goes on."""
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingExtraError) as caught:
        open_store(address)

    assert caught.value.extra == extra


def test_redis_has_no_schema():
    """A prefix tells two schedulers apart there."""
    with pytest.raises(InvalidArgumentError, match="prefix"):
        open_store("redis://host", schema="place")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "redis"])
def test_s87_a_server_that_is_not_there_is_unavailable(scheme: str):
    """S87: the driver's error is the cause; the password is not told."""
    with closing(open_store(f"{scheme}://me:secret@127.0.0.1:1/db")) as store:
        with pytest.raises(StoreUnavailableError, match="does not answer") as caught:
            store.open("default", "me", float)

        assert caught.value.__cause__ is not None
        assert "secret" not in str(caught.value)
