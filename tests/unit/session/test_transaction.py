"""How a session ends: committed on success, rolled back on any error, always closed."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import event, inspect, text
from sqlalchemy.exc import IntegrityError

from ostinato.session import FastAPISessionMaker, context_session
from tests.support.database import Note

WRITE = text("INSERT INTO note (id) VALUES (1)")
ORPHAN = text("INSERT INTO note (id, parent) VALUES (1, 2)")


@pytest.fixture
def maker(database, connections) -> Iterator[FastAPISessionMaker]:
    """Return a maker that has left no connection open when the test is over."""
    maker = FastAPISessionMaker(database.uri)
    yield maker
    maker.reset_cache()
    assert connections.open == 0


def write_and_raise(maker, error: BaseException) -> None:
    """Fail with something uncommitted."""
    with maker.context_session() as session:
        session.execute(WRITE)
        raise error


def test_a_body_that_succeeds_is_committed(maker, database):
    """What the body wrote is there for others as soon as it has ended."""
    with maker.context_session() as session:
        session.execute(WRITE)

    assert database.notes == [1]


def test_the_module_function_commits_as_the_maker_does(maker, database):
    """`context_session(engine)` needs no maker."""
    with context_session(maker.cached_engine) as session:
        session.execute(WRITE)

    assert database.notes == [1]


def test_a_wrapping_generator_commits_as_the_maker_does(maker, database):
    """`yield from maker.get_db()` is how applications wrap it."""

    def get_db():
        yield from maker.get_db()

    for session in get_db():
        session.execute(WRITE)

    assert database.notes == [1]


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), asyncio.CancelledError("no"), KeyboardInterrupt("no"), SystemExit("no")],
    ids=lambda error: type(error).__name__,
)
def test_any_exception_rolls_back_and_leaves_as_it_was_raised(maker, database, error):
    """An error that is no `Exception` is no success either."""
    with pytest.raises(type(error)) as raised:
        write_and_raise(maker, error)

    assert raised.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    assert database.notes == []


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt("no")])
def test_a_rollback_is_told_to_those_who_listen_for_it(maker, error):
    """What an application hangs on SQLAlchemy's `after_rollback` happens for any exception."""
    told = []
    event.listen(maker.cached_sessionmaker, "after_rollback", lambda _: told.append(error))

    with pytest.raises(type(error)):
        write_and_raise(maker, error)

    assert told == [error]


def test_a_generator_that_is_closed_rolls_back(maker, database):
    """A framework that gives up on a request closes its dependencies."""
    sessions = maker.get_db()
    next(sessions).execute(WRITE)

    sessions.close()

    assert database.notes == []
    assert maker.cached_engine.pool.checkedout() == 0


def test_a_commit_of_the_body_stays(maker, database):
    """An endpoint may commit by itself, to answer for what fails."""
    sessions = maker.get_db()
    session = next(sessions)

    session.execute(WRITE)
    session.commit()
    with pytest.raises(ValueError, match="afterwards"):
        sessions.throw(ValueError("afterwards"))

    assert database.notes == [1]


def test_a_commit_that_fails_is_raised_and_rolled_back(maker, database):
    """The commit's error is the body's caller's, and nothing was written."""
    with pytest.raises(IntegrityError), maker.context_session() as session:
        session.execute(ORPHAN)

    assert database.notes == []
    assert maker.cached_engine.pool.checkedout() == 0


def test_an_error_stays_the_one_that_is_told_when_the_rollback_fails(maker):
    """The body's error leaves as it was raised, with a note of what became of the rollback."""
    error = ValueError("the body's own")
    sessions = maker.get_db()
    next(sessions).connection().connection.dbapi_connection.close()

    with pytest.raises(ValueError, match="own") as raised:
        sessions.throw(error)

    assert raised.value is error
    assert error.__context__ is None
    assert len(error.__notes__) == 1
    assert error.__notes__[0].startswith("The rollback failed as well: ProgrammingError(")
    assert maker.cached_engine.pool.checkedout() == 0


def test_a_rollback_that_is_interrupted_closes_the_session_all_the_same(maker):
    """No interruption leaves a connection with a session that nobody holds."""

    @event.listens_for(maker.cached_engine, "rollback")
    def interrupt(connection):
        event.remove(maker.cached_engine, "rollback", interrupt)
        raise KeyboardInterrupt

    # The traceback holds on to the session: nothing but closing it gives the connection back.
    with pytest.raises(KeyboardInterrupt) as raised:
        write_and_raise(maker, ValueError("no"))

    assert raised.tb is not None
    assert maker.cached_engine.pool.checkedout() == 0


def test_a_session_is_closed_after_success(maker):
    """What was loaded is detached, also where somebody holds on to the session."""
    note = Note(id=1)

    with maker.context_session() as session:
        session.add(note)

    assert inspect(note).detached
    assert maker.cached_engine.pool.checkedout() == 0


def test_nothing_is_flushed_before_the_commit_by_itself(maker):
    """Sessions are made with `autoflush=False`."""
    with maker.context_session() as session:
        assert session.autoflush is False
