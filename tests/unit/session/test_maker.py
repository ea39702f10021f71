"""FastAPISessionMaker: what is made once, what is made anew, and what is let go of."""

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import StaticPool

from ostinato.session import FastAPISessionMaker, get_engine, get_sessionmaker_for_engine

READ = text("SELECT count(*) FROM note")
WRITE = text("INSERT INTO note (id) VALUES (1)")
RACERS = 32


@pytest.fixture
def maker(database, connections) -> Iterator[FastAPISessionMaker]:
    """Return a maker that has left no connection open when the test is over."""
    maker = FastAPISessionMaker(database.uri)
    yield maker
    maker.reset_cache()
    assert connections.open == 0


class Slow(FastAPISessionMaker):
    """Takes long to make anything: long enough for a second thread to come in, if one can."""

    def __init__(self, database_uri: str) -> None:
        super().__init__(database_uri)
        self.made: list[object] = []
        self._engines = threading.Barrier(2)
        self._sessionmakers = threading.Barrier(2)

    def get_new_engine(self):
        """Make an engine once a second thread is here, or once none has come."""
        wait_for_a_second(self._engines)
        self.made.append(super().get_new_engine())
        return self.made[-1]

    def get_new_sessionmaker(self, engine):
        """Make a sessionmaker once a second thread is here, or once none has come."""
        wait_for_a_second(self._sessionmakers)
        self.made.append(super().get_new_sessionmaker(engine))
        return self.made[-1]


def wait_for_a_second(barrier: threading.Barrier) -> None:
    """Let a second thread come in, if one can; without a lock one always does."""
    with suppress(threading.BrokenBarrierError):
        barrier.wait(timeout=0.1)


def race(ask) -> list[object]:
    """Ask from many threads at once, and return the answers."""
    barrier = threading.Barrier(RACERS)
    answers = []

    def run() -> None:
        barrier.wait()
        answers.append(ask())

    threads = [threading.Thread(target=run) for _ in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_racing_threads_get_one_engine(database):
    """An application's first requests come at once, and share one engine."""
    maker = Slow(database.uri)

    answers = race(lambda: maker.cached_engine)

    assert len(maker.made) == 1
    assert answers == maker.made * RACERS


def test_racing_threads_get_one_sessionmaker(database):
    """An application's first requests come at once, and share one sessionmaker."""
    maker = Slow(database.uri)
    engine = maker.cached_engine

    answers = race(lambda: maker.cached_sessionmaker)

    assert maker.made == [engine, maker.cached_sessionmaker]
    assert answers == [maker.cached_sessionmaker] * RACERS


def test_reset_cache_closes_the_connections_of_the_old_engine(maker, connections):
    """Nothing stays connected to a database that was let go of."""
    with maker.context_session() as session:
        session.execute(READ)
    before = connections.open

    maker.reset_cache()

    assert (before, connections.open) == (1, 0)


def test_a_session_that_is_open_survives_reset_cache(maker, database, connections):
    """A request in flight ends as it would have, and its connection is closed then."""
    with maker.context_session() as session:
        session.execute(WRITE)
        maker.reset_cache()
        during = connections.open

    assert database.notes == [1]
    assert (during, connections.open) == (1, 0)


def test_reset_cache_closes_what_lies_idle_beside_an_open_session(maker, connections):
    """A long request keeps its own connection, and none besides."""
    with maker.context_session() as session:
        session.execute(READ)
        with maker.context_session() as other:
            other.execute(READ)
        before = connections.open
        maker.reset_cache()
        during = connections.open

    assert (before, during, connections.open) == (2, 1, 0)


def test_the_last_of_several_open_sessions_closes_the_old_engine(maker, connections):
    """A session that connects only after the reset leaves no connection behind."""
    with maker.context_session() as late:
        with maker.context_session() as session:
            session.execute(READ)
            maker.reset_cache()
        late.execute(READ)

    assert connections.open == 0


def test_an_open_session_keeps_a_database_that_lives_in_its_connection():
    """A pool of one shared connection is not cut off under a session by a reset."""
    maker = FastAPISessionMaker("sqlite://", engine_options={"poolclass": StaticPool})

    with maker.context_session() as session:
        session.execute(text("CREATE TABLE kept (id INTEGER)"))
        maker.reset_cache()
        count = session.scalar(text("SELECT count(*) FROM kept"))

    assert count == 0


def test_reset_cache_without_a_cache_does_nothing(maker, connections):
    """It may be called first of all, as fixtures do."""
    maker.reset_cache()

    assert connections.opened == 0


def test_an_engine_that_was_let_go_of_is_not_kept(maker):
    """Test suites reset often: no engine may pile up."""
    with maker.context_session() as session:
        session.execute(READ)
    engine = weakref.ref(maker.cached_engine)
    del session

    maker.reset_cache()

    gc.collect()
    assert engine() is None


def test_another_database_is_used_after_reset_cache(maker, tmp_path):
    """`database_uri` may be set, and counts from the next engine on."""
    old = maker.cached_engine
    other = f"sqlite:///{tmp_path / 'other.db'}"

    maker.database_uri = other
    before = maker.cached_engine
    maker.reset_cache()

    assert before is old
    assert maker.database_uri == other
    assert str(maker.cached_engine.url) == other


def test_the_database_uri_is_told_as_it_was_given(maker, database):
    """What was set is what is read, for code that saves it and puts it back."""
    assert maker.database_uri == database.uri


def test_a_url_is_taken_too_and_told_as_text(database):
    """A URL that was built from its parts keeps them, the password included."""
    url = URL.create("postgresql", "app", "p@ss/word", "db")

    maker = FastAPISessionMaker(url)

    assert maker.database_uri == "postgresql://app:p%40ss%2Fword@db"


def test_new_engines_are_new(maker):
    """`get_new_engine` leaves the cached one alone."""
    engines = [maker.get_new_engine(), maker.get_new_engine(), maker.cached_engine]

    assert len(set(map(id, engines))) == 3


def test_a_new_sessionmaker_is_for_the_engine_that_is_given(maker, database):
    """The cached engine is not even made."""
    engine = create_engine(database.uri)

    new = maker.get_new_sessionmaker(engine)

    assert new().get_bind() is engine


def test_a_new_sessionmaker_without_an_engine_is_for_the_cached_one(maker):
    """None stands for the cached engine."""
    new = maker.get_new_sessionmaker(None)

    assert new().get_bind() is maker.cached_engine
    assert new is not maker.cached_sessionmaker


def test_an_overridden_engine_is_the_one_that_is_cached(database):
    """A subclass gives its own engine by overriding `get_new_engine`."""
    engine = create_engine(database.uri)

    class Own(FastAPISessionMaker):
        def get_new_engine(self):
            return engine

    maker = Own(database.uri)

    assert maker.cached_engine is engine
    assert maker.cached_sessionmaker().get_bind() is engine


def test_engine_options_reach_the_engine(database):
    """Every keyword argument of `create_engine` can be given."""
    maker = FastAPISessionMaker(database.uri, engine_options={"pool_size": 3, "echo": False})

    assert maker.cached_engine.pool.size() == 3


def test_engine_options_are_those_of_the_declaration(database):
    """A mapping that is changed afterwards changes nothing."""
    options = {"pool_size": 3}
    maker = FastAPISessionMaker(database.uri, engine_options=options)

    options["pool_size"] = 4

    assert maker.cached_engine.pool.size() == 3


@pytest.mark.parametrize(("options", "expected"), [({}, True), ({"pool_pre_ping": False}, False)])
def test_a_connection_is_checked_before_it_is_lent(database, options, expected):
    """`pool_pre_ping` is on unless the options say otherwise."""
    engine = get_engine(database.uri, **options)

    assert engine.pool._pre_ping is expected


def test_a_sessionmaker_is_made_for_an_engine(database):
    """`get_sessionmaker_for_engine` needs no maker."""
    engine = get_engine(database.uri)

    assert get_sessionmaker_for_engine(engine)().get_bind() is engine
