"""AsyncSessionMaker: commit, rollback, cancellation, and an engine for each event loop."""

import asyncio
import gc
import threading
import weakref

import anyio
import pytest
from sqlalchemy import URL, event, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool

from ostinato.errors import NoRunningLoopError
from ostinato.session import AsyncSessionMaker
from tests.support.database import Note

READ = text("SELECT count(*) FROM note")
WRITE = text("INSERT INTO note (id) VALUES (1)")
ORPHAN = text("INSERT INTO note (id, parent) VALUES (1, 2)")


@pytest.fixture
async def maker(database, connections):
    """Return a maker that has left no connection borrowed or open when the test is over."""
    maker = AsyncSessionMaker(database.async_uri)
    yield maker
    assert maker.cached_engine.pool.checkedout() == 0
    await maker.reset_cache()
    assert connections.open == 0


async def write_and_wait(maker, written: asyncio.Event) -> None:
    """Hold a session with something uncommitted until cancelled."""
    async with maker.context_session() as session:
        await session.execute(WRITE)
        written.set()
        await asyncio.Event().wait()


async def write_and_raise(maker, error: BaseException) -> None:
    """Fail with something uncommitted."""
    async with maker.context_session() as session:
        await session.execute(WRITE)
        raise error


async def test_a_body_that_succeeds_is_committed(maker, database):
    """What the body wrote is there for others as soon as it has ended."""
    async with maker.context_session() as session:
        await session.execute(WRITE)

    assert database.notes == [1]


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), asyncio.CancelledError("no"), GeneratorExit("no")],
    ids=lambda error: type(error).__name__,
)
async def test_any_exception_rolls_back_and_leaves_as_it_was_raised(maker, database, error):
    """An error that is no `Exception` is no success either."""
    with pytest.raises(type(error)) as raised:
        await write_and_raise(maker, error)

    assert raised.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    assert database.notes == []


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError("no")])
async def test_a_rollback_is_told_to_those_who_listen_for_it(maker, error):
    """What an application hangs on SQLAlchemy's `after_rollback` happens for any exception."""
    told = []
    sessions = maker.get_db()
    session = await anext(sessions)
    event.listen(session.sync_session, "after_rollback", lambda _: told.append(error))
    await session.execute(WRITE)

    with pytest.raises(type(error)):
        await sessions.athrow(error)

    assert told == [error]


async def test_a_generator_that_is_closed_rolls_back(maker, database):
    """A framework that gives up on a request closes its dependencies."""
    sessions = maker.get_db()
    session = await anext(sessions)
    await session.execute(WRITE)

    await sessions.aclose()

    assert database.notes == []
    assert maker.cached_engine.pool.checkedout() == 0


async def test_a_commit_of_the_body_stays(maker, database):
    """An endpoint may commit by itself, to answer for what fails."""
    sessions = maker.get_db()
    session = await anext(sessions)

    await session.execute(WRITE)
    await session.commit()
    with pytest.raises(ValueError, match="afterwards"):
        await sessions.athrow(ValueError("afterwards"))

    assert database.notes == [1]


async def test_a_commit_that_fails_is_raised_and_rolled_back(maker, database):
    """The commit's error is the body's caller's, and nothing was written."""
    with pytest.raises(IntegrityError):
        async with maker.context_session() as session:
            await session.execute(ORPHAN)

    assert database.notes == []


async def test_an_error_stays_the_one_that_is_told_when_the_rollback_fails(maker):
    """The body's error leaves as it was raised, with a note of what became of the rollback."""
    error = ValueError("the body's own")
    event.listen(maker.cached_engine.sync_engine, "rollback", _fail)

    with pytest.raises(ValueError, match="own") as raised:
        await write_and_raise(maker, error)

    assert raised.value is error
    assert error.__context__ is None
    assert error.__notes__ == ["The rollback failed as well: OSError('the server is gone')"]


def _fail(connection) -> None:
    raise OSError("the server is gone")


async def test_a_session_is_closed_after_success(maker):
    """What was loaded is detached, also where somebody holds on to the session."""
    note = Note(id=1)

    async with maker.context_session() as session:
        session.add(note)

    assert inspect(note).detached


async def test_what_was_loaded_stays_readable_after_the_commit(maker):
    """Nothing is flushed, and nothing expires, behind the back of an `await`."""
    session = maker.cached_sessionmaker()

    assert session.autoflush is False
    assert session.sync_session.expire_on_commit is False


async def test_a_cancelled_task_rolls_back(maker, database, connections):
    """A cancellation is delivered, and leaves neither data nor a borrowed connection."""
    written = asyncio.Event()
    task = asyncio.ensure_future(write_and_wait(maker, written))
    await written.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert database.notes == []
    assert maker.cached_engine.pool.checkedout() == 0


async def test_a_task_that_is_cancelled_again_while_it_rolls_back_still_does(
    maker, database, connections
):
    """The clean-up is finished first, so that the connection stays good, and then it is told."""
    written = asyncio.Event()
    task = asyncio.ensure_future(write_and_wait(maker, written))
    await written.wait()
    rollbacks = []

    @event.listens_for(maker.cached_engine.sync_engine, "rollback")
    def cancel_again(connection):
        rollbacks.append(task.cancel())

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert rollbacks == [True]
    assert database.notes == []
    assert maker.cached_engine.pool.checkedout() == 0
    assert connections.open == 1
    assert task.cancelling() == 2


async def test_a_cancelled_scope_rolls_back(maker, database, connections):
    """A scope of anyio's cancels again at every turn; the clean-up is finished all the same."""
    with anyio.CancelScope() as scope:
        async with maker.context_session() as session:
            await session.execute(WRITE)
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    assert scope.cancelled_caught
    assert database.notes == []
    assert maker.cached_engine.pool.checkedout() == 0
    assert connections.open == 1
    assert asyncio.current_task().cancelling() == 0


async def test_the_last_session_of_a_cancelled_scope_closes_the_old_engine(maker, connections):
    """Closing takes more than one turn of the loop, and is finished all the same."""
    closed = []

    with anyio.CancelScope() as scope:
        async with maker.context_session() as session:
            await session.execute(READ)
            engine = maker.cached_engine.sync_engine
            event.listen(engine, "engine_disposed", lambda _: closed.append(connections.open))
            async with maker.context_session() as other:
                await other.execute(READ)
                await maker.reset_cache()
            scope.cancel()
            await anyio.lowlevel.checkpoint()

    assert scope.cancelled_caught
    assert closed == [0]


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
async def test_a_cancellation_in_the_middle_of_a_statement_leaves_no_connection(maker, moment):
    """The driver may be anywhere: its connection is not lent again in an unknown state."""

    @event.listens_for(maker.cached_engine.sync_engine, moment)
    def cancel(*_):
        task.cancel()

    async def write() -> None:
        async with maker.context_session() as session:
            await session.execute(WRITE)

    task = asyncio.ensure_future(write())
    with pytest.raises(asyncio.CancelledError):
        await task

    assert maker.cached_engine.pool.checkedout() == 0


async def test_a_cancellation_within_the_commit_waits_for_its_end(maker, database, connections):
    """Whether it was committed is known: it was, on a connection that can be lent again."""
    with anyio.CancelScope() as scope:
        event.listen(maker.cached_engine.sync_engine, "commit", lambda _: scope.cancel())
        async with maker.context_session() as session:
            await session.execute(WRITE)

    assert scope.cancelled_caught
    assert database.notes == [1]
    assert (connections.opened, connections.open) == (1, 1)


async def test_a_session_that_is_not_used_does_not_connect(maker, connections):
    """An endpoint that answers from its cache costs the database nothing."""
    async with maker.context_session():
        pass

    assert connections.opened == 0


def test_a_loop_that_ends_in_the_middle_of_a_rollback_leaves_no_connection(database, connections):
    """A loop that shuts down cancels the clean-up itself; the connection is closed even so."""
    maker = AsyncSessionMaker(database.async_uri)

    async def main() -> None:
        written, rolling_back = asyncio.Event(), asyncio.Event()
        event.listen(maker.cached_engine.sync_engine, "rollback", lambda _: rolling_back.set())
        task = asyncio.ensure_future(write_and_wait(maker, written))
        await written.wait()
        task.cancel()
        await rolling_back.wait()

    asyncio.run(main())

    assert connections.open == 0
    assert database.notes == []


def test_a_loop_that_ends_under_an_open_session_leaves_no_connection(database, connections):
    """A server that is stopped cancels its requests: they are rolled back and closed."""
    maker = AsyncSessionMaker(database.async_uri)

    async def main() -> None:
        written = asyncio.Event()
        task = asyncio.ensure_future(write_and_wait(maker, written))
        await written.wait()
        assert not task.done()

    asyncio.run(main())

    assert connections.open == 0
    assert database.notes == []


async def test_the_engine_and_the_sessionmaker_are_made_once_a_loop(maker):
    """Every request of a server shares one engine."""
    engine, make_session = maker.cached_engine, maker.cached_sessionmaker

    assert maker.cached_engine is engine
    assert maker.cached_sessionmaker is make_session
    assert make_session().bind is engine


def test_another_loop_has_an_engine_of_its_own_which_ends_with_it(database, connections):
    """A driver's connection works on its own loop alone, and is closed there."""
    maker = AsyncSessionMaker(database.async_uri)
    engines, open_during = [], []

    async def main() -> None:
        async with maker.context_session() as session:
            await session.execute(READ)
        engines.append(maker.cached_engine)
        open_during.append(connections.open)

    asyncio.run(main())
    asyncio.run(main())

    assert engines[0] is not engines[1]
    assert open_during == [1, 1]
    assert connections.open == 0


def test_loops_in_two_threads_have_engines_of_their_own(database, connections):
    """Two loops that run at once share the maker, and nothing that belongs to a loop."""
    maker = AsyncSessionMaker(database.async_uri)
    engines = set()
    barrier = threading.Barrier(2)

    async def main() -> None:
        async with maker.context_session() as session:
            await session.execute(READ)
            barrier.wait()
            engines.add(maker.cached_engine)

    threads = [threading.Thread(target=asyncio.run, args=[main()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(engines) == 2
    assert connections.open == 0


def test_the_engines_of_loops_that_are_closed_are_not_kept(database):
    """A test client has a loop for each request: no engine may pile up."""
    maker = AsyncSessionMaker(database.async_uri)
    engines = []

    async def main() -> None:
        async with maker.context_session() as session:
            await session.execute(READ)
        engines.append(weakref.ref(maker.cached_engine))

    for _ in range(3):
        asyncio.run(main())

    gc.collect()
    assert [engine() is None for engine in engines[:2]] == [True, True]


def test_an_engine_goes_with_its_maker(database, connections):
    """A maker that is let go of while its loop runs has its connections closed by the loop."""

    async def main() -> int:
        disposed = asyncio.Event()
        maker = AsyncSessionMaker(database.async_uri)
        event.listen(maker.cached_engine.sync_engine, "engine_disposed", lambda _: disposed.set())
        async with maker.context_session() as session:
            await session.execute(READ)
        del maker, session
        gc.collect()
        await disposed.wait()
        return connections.open

    assert asyncio.run(main()) == 0


async def test_reset_cache_closes_the_connections_of_the_old_engine(maker, connections):
    """Nothing stays connected to a database that was let go of."""
    async with maker.context_session() as session:
        await session.execute(READ)
    before, engine = connections.open, maker.cached_engine

    await maker.reset_cache()

    assert (before, connections.open) == (1, 0)
    assert maker.cached_engine is not engine


async def test_a_session_that_is_open_survives_reset_cache(maker, database, connections):
    """A request in flight ends as it would have, and its connection is closed then."""
    async with maker.context_session() as session:
        await session.execute(WRITE)
        await maker.reset_cache()
        during = connections.open

    assert database.notes == [1]
    assert (during, connections.open) == (1, 0)


async def test_reset_cache_closes_what_lies_idle_beside_an_open_session(maker, connections):
    """A long request keeps its own connection, and none besides."""
    async with maker.context_session() as session:
        await session.execute(READ)
        async with maker.context_session() as other:
            await other.execute(READ)
        before = connections.open
        await maker.reset_cache()
        during = connections.open

    assert (before, during, connections.open) == (2, 1, 0)


async def test_an_open_session_keeps_a_database_that_lives_in_its_connection():
    """A pool of one shared connection is not cut off under a session by a reset."""
    maker = AsyncSessionMaker("sqlite+aiosqlite://", engine_options={"poolclass": StaticPool})

    async with maker.context_session() as session:
        await session.execute(text("CREATE TABLE kept (id INTEGER)"))
        await maker.reset_cache()
        count = await session.scalar(text("SELECT count(*) FROM kept"))

    assert count == 0


async def test_reset_cache_is_finished_under_cancellation(maker, connections):
    """A shutdown that is itself cut short closes the connections all the same."""
    async with maker.context_session() as session, maker.context_session() as other:
        await session.execute(READ)
        await other.execute(READ)
    closed = []
    engine = maker.cached_engine.sync_engine
    event.listen(engine, "engine_disposed", lambda _: closed.append(connections.open))

    with anyio.CancelScope() as scope:
        scope.cancel()
        await maker.reset_cache()

    assert closed == [0]


async def test_reset_cache_on_another_loop_has_the_engine_closed_by_its_own(database, connections):
    """A test resets from its own loop what the server's loop uses."""
    maker = AsyncSessionMaker(database.async_uri)
    disposed = asyncio.Event()
    async with maker.context_session() as session:
        await session.execute(READ)
    event.listen(maker.cached_engine.sync_engine, "engine_disposed", lambda _: disposed.set())
    del session
    resetting = threading.Thread(target=lambda: asyncio.run(maker.reset_cache()))

    resetting.start()
    resetting.join()
    gc.collect()
    await disposed.wait()

    assert connections.open == 0


async def test_another_database_is_used_after_reset_cache(maker, tmp_path):
    """`database_uri` may be set, and counts from the next engine on."""
    old = maker.cached_engine
    other = f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"

    maker.database_uri = other
    before = maker.cached_engine
    await maker.reset_cache()

    assert before is old
    assert maker.database_uri == other
    assert str(maker.cached_engine.url) == other


def test_a_url_is_taken_too_and_told_as_text():
    """A URL that was built from its parts keeps them, the password included."""
    url = URL.create("postgresql+asyncpg", "app", "p@ss/word", "db")

    maker = AsyncSessionMaker(url)

    assert maker.database_uri == "postgresql+asyncpg://app:p%40ss%2Fword@db"


async def test_a_new_sessionmaker_is_for_the_engine_that_is_given(database):
    """None stands for the cached engine."""
    maker = AsyncSessionMaker(database.async_uri)
    engine = maker.get_new_engine()

    given, cached = maker.get_new_sessionmaker(engine), maker.get_new_sessionmaker(None)

    assert given().bind is engine
    assert cached().bind is maker.cached_engine


async def test_engine_options_reach_the_engine(database):
    """Every keyword argument of `create_async_engine` can be given; a check on loan is on."""
    maker = AsyncSessionMaker(database.async_uri, engine_options={"pool_size": 3})

    assert maker.cached_engine.pool.size() == 3
    assert maker.cached_engine.pool._pre_ping is True


def test_a_cached_engine_is_refused_where_no_loop_runs(database):
    """The message tells how to have an engine outside a coroutine."""
    maker = AsyncSessionMaker(database.async_uri)

    with pytest.raises(NoRunningLoopError) as raised:
        _ = maker.cached_engine

    assert str(raised.value) == (
        "the cached engine of AsyncSessionMaker belongs to the running event loop, and none runs; "
        "ask inside a coroutine, or make an engine of your own with get_new_engine()"
    )
