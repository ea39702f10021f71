"""What the makers refuse while they are declared, and what their messages tell and keep back."""

import sys

import pytest
from sqlalchemy.dialects import registry

from ostinato.errors import ArgumentTypeError, InvalidArgumentError, MissingExtraError
from ostinato.session import AsyncSessionMaker, FastAPISessionMaker, get_engine

BOTH = pytest.mark.parametrize("maker", [FastAPISessionMaker, AsyncSessionMaker])
SECRET = "hunter2"  # noqa: S105 - that no message shows it is what is tested


class Dsn:
    """Shows its password, as some libraries' types of a URL do."""

    def __repr__(self) -> str:
        return f"Dsn('postgresql://app:{SECRET}@db/app')"


@BOTH
@pytest.mark.parametrize("uri", [None, 3, b"sqlite://", Dsn()], ids=lambda uri: type(uri).__name__)
def test_a_url_of_a_wrong_type_is_refused(maker, uri):
    """The message names the type and what to pass, and shows nothing of the value."""
    with pytest.raises(ArgumentTypeError) as raised:
        maker(uri)

    assert str(raised.value) == (
        f"database_uri=<hidden> is of type {type(uri).__name__}, which is not accepted; pass a str "
        "or a sqlalchemy.URL; str(...) makes one of pydantic's URL types"
    )
    assert SECRET not in repr(raised.value.value)


@pytest.mark.parametrize("declare", [FastAPISessionMaker, AsyncSessionMaker, get_engine])
@pytest.mark.parametrize(
    "uri", ["", SECRET, f"postgresql://app:{SECRET}@db:{SECRET}/app"], ids=["empty", "word", "port"]
)
def test_a_url_that_cannot_be_read_is_refused_and_not_shown(declare, uri):
    """Neither the message nor an error behind it repeats the URL."""
    with pytest.raises(InvalidArgumentError) as raised:
        declare(uri)

    assert "database_uri=<hidden> cannot be read as a database URL; write it like" in str(
        raised.value
    )
    assert raised.value.__context__ is None
    assert SECRET not in f"{raised.value!r} {raised.value.value!r}"


@BOTH
@pytest.mark.parametrize("driver", ["postgres", "sqlite+nosuch"])
def test_an_unknown_driver_is_refused(maker, driver):
    """The message shows the driver, which may be misspelt, and not the rest of the URL."""
    with pytest.raises(InvalidArgumentError, match="names a database or a driver that") as raised:
        maker(f"{driver}://app:{SECRET}@db/app")

    assert raised.value.value == f"{driver}://..."
    assert raised.value.__context__ is None
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+asyncpg"])
def test_an_asynchronous_driver_is_refused_by_the_synchronous_maker(driver):
    """The message sends its reader to the other maker."""
    with pytest.raises(InvalidArgumentError) as raised:
        FastAPISessionMaker(f"{driver}://app:{SECRET}@db/app")

    assert str(raised.value) == (
        f"database_uri='{driver}://...' names an asynchronous driver; use AsyncSessionMaker, or "
        "name a synchronous driver"
    )


@pytest.mark.parametrize(
    ("driver", "remedy"),
    [
        ("sqlite", "begin it with 'sqlite+aiosqlite://', or use FastAPISessionMaker"),
        ("postgresql+psycopg2", "begin it with 'postgresql+asyncpg://', or use FastAPISession"),
        ("mysql+pymysql", "begin it with 'mysql+asyncmy://', or use FastAPISessionMaker"),
    ],
)
def test_a_synchronous_driver_is_refused_by_the_asynchronous_maker(driver, remedy):
    """The message tells how the URL begins for the same database."""
    with pytest.raises(InvalidArgumentError) as raised:
        AsyncSessionMaker(f"{driver}://app:{SECRET}@db/app")

    assert str(raised.value).startswith(
        f"database_uri='{driver}://...' names a synchronous driver; {remedy}"
    )


@BOTH
def test_a_driver_that_does_both_is_taken_by_both(maker):
    """`psycopg` is synchronous and asynchronous under one name."""
    assert maker("postgresql+psycopg://db/app").database_uri == "postgresql+psycopg://db/app"


@pytest.mark.parametrize(
    ("maker", "good", "bad"),
    [
        (FastAPISessionMaker, "sqlite://", "sqlite+aiosqlite://"),
        (AsyncSessionMaker, "sqlite+aiosqlite://", "sqlite://"),
    ],
)
def test_a_url_that_is_set_later_is_checked_too(maker, good, bad):
    """A refused URL leaves the one before in place."""
    declared = maker(good)

    with pytest.raises(InvalidArgumentError):
        declared.database_uri = bad

    assert declared.database_uri == good


@pytest.mark.parametrize(
    ("maker", "uri"),
    [(FastAPISessionMaker, "sqlite://"), (AsyncSessionMaker, "sqlite+aiosqlite://")],
)
@pytest.mark.parametrize("options", [SECRET, [("echo", True)], {1: True}], ids=repr)
def test_engine_options_that_are_no_mapping_of_names_are_refused(maker, uri, options):
    """The message names the argument and what to pass, and shows nothing of the value."""
    with pytest.raises(ArgumentTypeError) as raised:
        maker(uri, engine_options=options)

    assert str(raised.value) == (
        f"engine_options=<hidden> is of type {type(options).__name__}, which is not accepted; pass "
        "a mapping of sqlalchemy.create_engine's keyword arguments, like {'pool_size': 10}"
    )


def test_a_dialect_that_cannot_be_imported_is_left_to_the_engine():
    """The import error that says what is missing comes when the engine is made."""
    registry.register("halved", "no_such_module_of_a_dialect", "Dialect")

    maker = FastAPISessionMaker("halved://db/app")

    with pytest.raises(ImportError, match="no_such_module_of_a_dialect"):
        maker.get_new_engine()


def test_the_asynchronous_maker_names_its_extra_where_greenlet_is_missing(monkeypatch):
    """SQLAlchemy 2.1 does not install greenlet by itself."""
    monkeypatch.setitem(sys.modules, "greenlet", None)

    with pytest.raises(MissingExtraError) as raised:
        AsyncSessionMaker("sqlite+aiosqlite://")

    assert raised.value.extra == "asyncio"
    assert str(raised.value) == (
        "AsyncSessionMaker needs an extra: pip install 'ostinato[asyncio]'"
    )
