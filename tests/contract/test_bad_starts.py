"""What a scheduler says at its start where its store cannot be one: never another in silence."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from ostinato import InvalidArgumentError, NotRunningError, Scheduler, StoreError, StoreFileError
from ostinato.errors import SchemaError, StoreUnavailableError
from ostinato.stores import _mounts, open_store


def read_only(path: Path) -> Engine:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE other (id INTEGER)")
    reader = f"file:{path}?mode=ro"
    return create_engine(f"sqlite:///{path}", creator=lambda: sqlite3.connect(reader, uri=True))


def newer(path: Path) -> str:
    with closing(open_store(f"sqlite:///{path}")) as store:
        store.open("default", "me", float)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE ostinato_meta SET schema_version = 9, min_compatible = 9")
    return f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda path: f"sqlite:///{path}/missing/state.db", StoreFileError, "has no folder"),
        # Nobody makes files there, whoever he is.
        (lambda _: "sqlite:////proc/self/state.db", StoreFileError, "cannot be opened or made"),
        (lambda path: f"sqlite:///{path.parent}", StoreFileError, "is a folder"),
        (read_only, StoreFileError, "is read-only"),
        (newer, SchemaError, "upgrade ostinato"),
    ],
)
async def test_s84_s87_a_file_that_cannot_be_the_store_fails_the_start(
    make: Callable, error: type[Exception], words: str, tmp_path: Path
) -> None:
    """S84, S87, S90: with what is wrong, and the scheduler does not run."""
    scheduler = Scheduler(make(tmp_path / "state.db"), enabled=True)

    with pytest.raises(error, match=words):
        async with scheduler.running():
            pass

    with pytest.raises(NotRunningError):
        await scheduler.status()


async def test_s87_a_file_on_a_network_fails_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S87: the kind of its file system is named."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / {tmp_path} rw - nfs4 server:/x rw\n")
    monkeypatch.setattr(_mounts, "_MOUNTS", mounts)

    with pytest.raises(StoreFileError, match="nfs4"):
        async with Scheduler(f"sqlite:///{tmp_path}/state.db", enabled=True).running():
            pass


@pytest.mark.parametrize("address", ["oracle://db/app", "http://db", "state.db", "sqlite://"])
def test_s87_an_address_of_no_store_is_refused_where_it_is_declared(address: str) -> None:
    """S87: nothing has to be started for that."""
    with pytest.raises(InvalidArgumentError, match=r"^store="):
        Scheduler(address)


@pytest.mark.parametrize(
    ("spoil", "user", "error", "words"),
    [
        ("UPDATE ostinato_meta SET schema_version = 9, min_compatible = 9", None, SchemaError, "9"),
        ("DROP TABLE ostinato_meta", "stranger", StoreError, "permission denied"),
    ],
)
async def test_s87_s90_a_database_that_cannot_be_the_store_fails_the_start(
    spoil: str, user: str | None, error: type[StoreError], words: str, postgresql_address: str
) -> None:
    """S87, S90: newer tables, and a user who may make none; waiting mends neither."""
    name = f"bad_{uuid4().hex[:8]}"
    url = make_url(postgresql_address).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    engine.dispose()
    url = url.set(database=name)
    with closing(open_store(url.render_as_string(hide_password=False))) as store:
        store.open("default", "me", float)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(spoil))
    engine.dispose()
    if user is not None:
        url = url.set(username=name)
    scheduler = Scheduler(url.render_as_string(hide_password=False), enabled=True)

    with pytest.raises(error, match=words) as caught:
        async with scheduler.running():
            pass

    assert not isinstance(caught.value, StoreUnavailableError)
    with pytest.raises(NotRunningError):
        await scheduler.status()
