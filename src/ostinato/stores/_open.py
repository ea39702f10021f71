"""From an address to a store."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, cast

from ostinato._shown import Hidden
from ostinato.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    MissingExtraError,
    StoreFileError,
)
from ostinato.stores.memory import MemoryStore

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from ostinato.stores.redis import RedisStore
    from ostinato.stores.sql import SqlStore

__all__ = ["REDIS_SCHEMES", "ddl", "open_store"]

# The store works on threads of its own: each database is spoken to by its synchronous driver.
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_STORES = {
    "sqlite": ("_sqlite", "SqliteStore"),
    "postgresql": ("_postgresql", "PostgresqlStore"),
    "mysql": ("_mysql", "MysqlStore"),
}
# What its driver calls them; a server of the one is as good as a server of the other.
REDIS_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
    "valkey": "redis",
    "valkeys": "rediss",
}
_EXTRAS = {"postgresql": "postgres", "mysql": "mysql"}
_REMEDY = (
    "pass 'memory://', 'sqlite:///path/to/state.db', 'postgresql://user@host/database', "
    "'mysql://user@host/database' or 'redis://host'"
)
_PREFIX = re.compile(r"^[a-z][a-z0-9_]{0,40}$")
# Seconds until a server that does not answer is given up.
_LIMIT = 2


def open_store(
    source: str | URL | Engine | AsyncEngine,
    /,
    *,
    prefix: str = "ostinato_",
    schema: str | None = None,
    auto_create: bool = True,
) -> MemoryStore | RedisStore | SqlStore:
    """Return the store at *source*, which has not been opened.

    Args:
        source: An address, or an engine of SQLAlchemy's, whose address and arguments are taken over
            and whose pool is left alone. An asynchronous engine, or driver, stands for the
            synchronous driver of the same database.
        prefix: What the names of the tables begin with, or those of the keys of Redis.
        schema: The database's schema that they lie in; Redis has none.
        auto_create: Whether to create them, or only to look whether they are right; Redis has
            nothing to create.

    Raises:
        ArgumentTypeError: *source* is neither an address nor an engine.
        InvalidArgumentError: There is no store at such an address.
        MissingExtraError: The driver of the database is not installed.
        StoreFileError: The path of a file is relative, and the working directory was deleted.
    """
    if source == "memory://":
        return MemoryStore()
    scheme = source.partition("://")[0] if isinstance(source, str) and "://" in source else ""
    if scheme in REDIS_SCHEMES:
        return _redis_at(str(source), scheme, prefix, schema)
    engine = _engine_of(source)
    names = import_module("ostinato.stores.sql").Names(prefix, schema)
    module, store = _STORES[engine.dialect.name]
    made = getattr(import_module(f"ostinato.stores.sql.{module}"), store)
    return cast("SqlStore", made(engine, names=names, auto_create=auto_create))


def ddl(
    source: str | Engine | AsyncEngine,
    /,
    *,
    prefix: str = "ostinato_",
    schema: str | None = None,
) -> list[str]:
    """Return the statements that create the tables of a store at *source*, for migration tools.

    Nothing is connected to, and no driver needed.

    Args:
        source: As for `open_store`; of an address only the kind of its database matters.
        prefix: What the names of the tables begin with.
        schema: The database's schema that they lie in.

    Raises:
        ArgumentTypeError: *source* is neither an address nor an engine.
        InvalidArgumentError: A store there would have no tables, or the names are no names.
    """
    from sqlalchemy import make_url  # noqa: PLC0415 - as below
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - as below

    try:
        url = make_url(source) if isinstance(source, str) else getattr(source, "url", None)
    except ArgumentError as error:
        raise InvalidArgumentError("store", Hidden("str"), "is no address", _REMEDY) from error
    if url is None:
        raise ArgumentTypeError("store", source, _REMEDY)
    database = _driver_of(url).partition("+")[0]
    dialect = import_module(f"sqlalchemy.dialects.{database}").dialect()
    sql = import_module("ostinato.stores.sql._schema")
    statements: list[str] = sql.ddl_of(sql.Names(prefix, schema), dialect)
    return statements


def _redis_at(address: str, scheme: str, prefix: str, schema: str | None) -> RedisStore:
    if _PREFIX.match(prefix) is None:
        remedy = "begin with a letter, and go on with at most 40 of a-z, 0-9 and _"
        raise InvalidArgumentError("prefix", prefix, "is no plain name", remedy)
    if schema is not None:
        remedy = "leave it out, or give a prefix instead"
        raise InvalidArgumentError("schema", schema, "means nothing to Redis", remedy)
    try:
        import_module("redis")
    except ModuleNotFoundError as error:
        raise MissingExtraError("redis", f"a store at {scheme}://") from error
    made = import_module("ostinato.stores.redis").RedisStore
    try:
        store: RedisStore = made(
            REDIS_SCHEMES[scheme] + address[len(scheme) :], head=prefix.rstrip("_")
        )
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError("store", Hidden("str"), "is no address", _REMEDY) from error
    return store


def _engine_of(source: object) -> Engine:
    from sqlalchemy import URL, Engine, make_url  # noqa: PLC0415 - only who has such a store needs it
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - as above

    if isinstance(source, Engine):
        url, driver = source.url, _driver_of(source.url)
        return source if url.drivername in (driver, driver.partition("+")[0]) else _made(url)
    if isinstance(getattr(source, "sync_engine", None), Engine):
        return _made(cast("AsyncEngine", source).url)
    if not isinstance(source, (str, URL)):
        raise ArgumentTypeError("store", source, _REMEDY)
    try:
        url = make_url(source)
    except ArgumentError as error:
        raise InvalidArgumentError("store", Hidden("str"), "is no address", _REMEDY) from error
    return _made(url)


def _driver_of(url: URL) -> str:
    database = url.get_backend_name() if "+" in url.drivername else url.drivername
    if database not in _DRIVERS:
        scheme = f"{url.drivername}://..."
        raise InvalidArgumentError("store", scheme, "is no database that workers share", _REMEDY)
    return _DRIVERS[database]


def _made(url: URL) -> Engine:
    from sqlalchemy import create_engine  # noqa: PLC0415 - as above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 - as above

    driver = _driver_of(url)
    database = driver.partition("+")[0]
    if database == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise InvalidArgumentError(
            "store",
            "sqlite://",
            "is in the memory of one connection",
            "name a file, or pass 'memory://' for a process of its own",
        )
    limits = {
        "sqlite": {"timeout": _LIMIT},
        "postgresql": {"connect_timeout": _LIMIT, "tcp_user_timeout": _LIMIT * 1_000},
        "mysql": dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), _LIMIT),
    }[database]
    try:
        return create_engine(
            _translated(url).set(drivername=driver), poolclass=NullPool, connect_args=limits
        )
    except ModuleNotFoundError as error:
        raise MissingExtraError(_EXTRAS[database], f"a store at {database}://") from error
    except FileNotFoundError as error:
        # A relative path is that of the working directory, which may have been deleted.
        problem = "has no folder: the working directory was deleted"
        remedy = "start in one that is there, or name the file by its whole path"
        raise StoreFileError(url.database or "", problem, remedy) from error


def _translated(url: URL) -> URL:
    """Return *url* with what its driver calls differently from ours."""
    if not url.drivername.endswith("+asyncpg") or "ssl" not in url.query:
        return url
    mode = url.query["ssl"]
    return url.difference_update_query(["ssl"]).update_query_dict({"sslmode": mode})
