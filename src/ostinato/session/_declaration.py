"""What the session makers are declared with, checked before any of it is used.

A database URL holds a password: no message, and no error's `.value`, repeats one.
"""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import URL, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ostinato._shown import Hidden
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

__all__ = ["check_async", "check_sync", "options", "parsed"]

_ASYNC_DRIVERS = {
    "mariadb": "mariadb+asyncmy",
    "mssql": "mssql+aioodbc",
    "mysql": "mysql+asyncmy",
    "oracle": "oracle+oracledb_async",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}


def parsed(database_uri: object) -> URL:
    """Return *database_uri* as a URL.

    Raises:
        ArgumentTypeError: It is neither a string nor a URL.
        InvalidArgumentError: It cannot be read as a database URL.
    """
    if not isinstance(database_uri, str | URL):
        raise ArgumentTypeError(
            "database_uri",
            _hidden(database_uri),
            "pass a str or a sqlalchemy.URL; str(...) makes one of pydantic's URL types",
        )
    try:
        return make_url(database_uri)
    except (ArgumentError, ValueError):
        # Raised below: the driver's message and its context could quote the URL.
        pass
    raise InvalidArgumentError(
        "database_uri",
        _hidden(database_uri),
        "cannot be read as a database URL",
        "write it like 'sqlite:///./app.db' or 'postgresql://user:password@host:5432/database', "
        "and build it with sqlalchemy.URL.create where a part holds special characters",
    )


def check_sync(database_uri: object) -> None:
    """Refuse a *database_uri* that no synchronous engine can be made for.

    Raises:
        ArgumentTypeError: It is neither a string nor a URL.
        InvalidArgumentError: It cannot be read, or names an unknown or an asynchronous driver.
    """
    url = parsed(database_uri)
    dialect = _dialect(url)
    if dialect is not None and dialect.is_async:
        raise InvalidArgumentError(
            "database_uri",
            _driver_alone(url),
            "names an asynchronous driver",
            "use AsyncSessionMaker, or name a synchronous driver",
        )


def check_async(database_uri: object) -> None:
    """Refuse a *database_uri* that no asynchronous engine can be made for.

    Raises:
        ArgumentTypeError: It is neither a string nor a URL.
        InvalidArgumentError: It cannot be read, or names an unknown or a synchronous driver.
    """
    url = parsed(database_uri)
    dialect = _dialect(url)
    # Some drivers do both under one name, and know which dialect an asynchronous engine takes.
    if dialect is not None and not dialect.get_async_dialect_cls(url).is_async:
        driver = _ASYNC_DRIVERS.get(url.get_backend_name())
        remedy = f"begin it with '{driver}://'" if driver else "name an asynchronous driver"
        raise InvalidArgumentError(
            "database_uri",
            _driver_alone(url),
            "names a synchronous driver",
            f"{remedy}, or use FastAPISessionMaker",
        )


def options(engine_options: object) -> dict[str, object]:
    """Return a copy of *engine_options*, or none at all for None.

    Raises:
        ArgumentTypeError: It is not a mapping whose keys are strings.
    """
    if engine_options is None:
        return {}
    copy = _string_keyed(engine_options)
    if copy is None:
        raise ArgumentTypeError(
            "engine_options",
            _hidden(engine_options),
            "pass a mapping of sqlalchemy.create_engine's keyword arguments, "
            "like {'pool_size': 10}",
        )
    return copy


def _string_keyed(value: object) -> dict[str, object] | None:
    """Return a copy of *value* where it is a mapping whose keys are strings."""
    if not isinstance(value, Mapping):
        return None
    copy = dict(cast("Mapping[object, object]", value))
    return cast("dict[str, object]", copy) if all(isinstance(key, str) for key in copy) else None


def _dialect(url: URL) -> type[Dialect] | None:
    """Return the dialect that *url* names, or None where it cannot be imported yet."""
    try:
        return url.get_dialect()
    except NoSuchModuleError:
        pass
    except ImportError:
        # A package that is installed by halves tells more when the engine is made.
        return None
    raise InvalidArgumentError(
        "database_uri",
        _driver_alone(url),
        "names a database or a driver that SQLAlchemy does not know",
        "install the package that provides it, or correct the name (it is 'postgresql', "
        "not 'postgres')",
    )


def _driver_alone(url: URL) -> str:
    return f"{url.drivername}://..."


def _hidden(value: object) -> Hidden:
    return Hidden(type(value).__name__)
