"""Engines and sessions with settings that suit a web application."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from ostinato.session._declaration import parsed

__all__ = ["context_session", "get_engine", "get_sessionmaker_for_engine", "transaction"]


def get_engine(uri: str | URL, **options: object) -> Engine:
    """Make an engine for the database at *uri* that checks a connection before it lends it.

    Args:
        uri: The database's URL.
        options: Keyword arguments of `sqlalchemy.create_engine`; `pool_pre_ping` is on unless
            it is given.

    Raises:
        ArgumentTypeError: *uri* is neither a string nor a URL.
        InvalidArgumentError: *uri* cannot be read as a database URL.

    Examples:
        >>> engine = get_engine("sqlite://", echo=False)
        >>> engine.dialect.name
        'sqlite'
    """
    settings: dict[str, Any] = {"pool_pre_ping": True, **options}
    return create_engine(parsed(uri), **settings)


def get_sessionmaker_for_engine(engine: Engine) -> sessionmaker[Session]:
    """Make a sessionmaker for *engine* whose sessions flush on commit, and never by themselves.

    Examples:
        >>> get_sessionmaker_for_engine(get_engine("sqlite://"))().autoflush
        False
    """
    return sessionmaker(bind=engine, autoflush=False)


@contextmanager
def context_session(engine: Engine) -> Generator[Session]:
    """Open a session on *engine*: committed on success, rolled back on any error, always closed.

    Raises:
        BaseException: Whatever the body raised, as it raised it, or what the commit raised.

    Examples:
        >>> from sqlalchemy import text
        >>> with context_session(get_engine("sqlite://")) as session:
        ...     session.scalar(text("SELECT 1 + 1"))
        2
    """
    yield from transaction(get_sessionmaker_for_engine(engine))


def transaction(make_session: sessionmaker[Session]) -> Generator[Session]:
    """Yield a session from *make_session*, and commit or roll back when resumed.

    Raises:
        BaseException: Whatever was thrown in, or what the commit raised.
    """
    session = make_session()
    try:
        yield session
        session.commit()
    except BaseException as error:
        _roll_back(session, error)
        raise
    finally:
        session.close()


def _roll_back(session: Session, error: BaseException) -> None:
    """Roll back because of *error*, which stays the one that is told."""
    try:
        session.rollback()
    except Exception as failure:  # noqa: BLE001 - a broken connection must not hide the first error
        error.add_note(f"The rollback failed as well: {failure!r}")
