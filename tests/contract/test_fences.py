"""A transaction that a run guards commits only while the run's lease is held: over real servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from ostinato import ArgumentTypeError, ForeignSessionError, InvalidArgumentError, LeaseLostError
from ostinato._lease import Lease, Registration, Takeover
from ostinato._run import Run
from ostinato.stores import open_store
from ostinato.stores.redis import RedisStore
from ostinato.stores.sql import SqlStore
from ostinato.testing._store_contract._cluster import LONG, SHORT, SPEC, Cluster, Worker

INSERT = text("INSERT INTO effect (token) VALUES (:token)")
LOCKED = "SELECT 1 FROM ostinato_fence WHERE ns = :ns AND name = 'task' FOR UPDATE SKIP LOCKED"
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


def engine_of(address: str, **options: object) -> Engine:
    """Return an engine of the application's own."""
    drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    url = make_url(address)
    return create_engine(url.set(drivername=drivers.get(url.drivername, url.drivername)), **options)


@pytest.fixture(params=["postgresql", "mariadb"])
def address(request: pytest.FixtureRequest) -> str:
    """Return where the store, and the application's tables, are."""
    return request.getfixturevalue(f"{request.param}_address")


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """Return the application's engine, and its table with nothing in it."""
    engine = engine_of(address)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS effect"))
        connection.execute(text("CREATE TABLE effect (token BIGINT NOT NULL)"))
    yield engine
    engine.dispose()


@pytest.fixture
def make(address: str) -> Iterator[Callable[[], SqlStore]]:
    """Return a function that makes stores over the database."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(open_store(address)))


@pytest.fixture
def cluster(make: Callable[[], SqlStore]) -> Cluster:
    """Return a namespace of the test's own."""
    return Cluster(make)


@pytest.fixture
def worker(cluster: Cluster) -> Worker:
    """Return a worker that knows the task."""
    worker = cluster.worker()
    worker.register("task")
    return worker


def run_of(worker: Worker, lease: Lease) -> Run:
    return Run(lease.name, lease.due, worker.namespace, token=lease.token)


def write(session: Session, worker: Worker, lease: Lease, concurrency: int | None = 1) -> None:
    """Do what a run does: write, and guard what it has written."""
    session.execute(INSERT, {"token": lease.token})
    worker.store.guard(run_of(worker, lease), session, concurrency=concurrency)


def effects(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return sorted(connection.scalars(text("SELECT token FROM effect")))


@pytest.mark.parametrize("level", LEVELS)
def test_s86_a_run_that_holds_its_lease_commits(engine: Engine, worker: Worker, level: str) -> None:
    """S86: at every isolation level, though its lease was prolonged since it began to look."""
    lease = worker.take_tick()

    with Session(engine.execution_options(isolation_level=level)) as session, session.begin():
        session.execute(INSERT, {"token": lease.token})
        assert worker.store.renew([("task", lease.token)], LONG)
        worker.store.guard(run_of(worker, lease), session)

    assert effects(engine) == [lease.token]


@pytest.mark.parametrize("level", LEVELS)
def test_s82_s86_a_zombie_commits_nothing(
    engine: Engine, cluster: Cluster, worker: Worker, level: str
) -> None:
    """S82, S86: its lease has expired, and a rival has run the next tick meanwhile."""
    lease = worker.take_tick(0, SHORT)
    rival = cluster.worker()

    with Session(engine.execution_options(isolation_level=level)) as session:
        session.execute(INSERT, {"token": lease.token})
        cluster.wait_until(lease.until)
        won = rival.take_tick(1)
        with pytest.raises(LeaseLostError, match="'task'"):
            worker.store.guard(run_of(worker, lease), session)
        session.rollback()
    with Session(engine) as session, session.begin():
        write(session, rival, won)

    assert effects(engine) == [won.token]


def test_s86_a_stall_without_a_rival_costs_nothing(
    engine: Engine, cluster: Cluster, worker: Worker
) -> None:
    """S86: the token alone decides."""
    lease = worker.take_tick(0, SHORT)
    cluster.wait_until(lease.until)

    with Session(engine) as session, session.begin():
        write(session, worker, lease)

    assert effects(engine) == [lease.token]


def test_s81_heartbeats_do_not_wait_for_a_guarded_transaction(
    engine: Engine, worker: Worker
) -> None:
    """S81, S86: who claims would wait for it, who prolongs or settles does not."""
    lease = worker.take_tick()

    with Session(engine) as session, session.begin():
        write(session, worker, lease)
        with engine.begin() as other:
            assert other.execute(text(LOCKED), {"ns": worker.namespace}).all() == []
        assert worker.store.renew([("task", lease.token)], LONG)
        assert worker.settle(lease)

    assert effects(engine) == [lease.token]


def test_s85_s86_a_transaction_about_to_commit_holds_up_its_own_task_alone(
    engine: Engine, cluster: Cluster, worker: Worker
) -> None:
    """S85, S86: its worker was stopped behind the guard; other tasks of the claim are granted."""
    lease = worker.take_tick(0, SHORT)
    rival = cluster.worker()
    rival.register("other")
    wanted = [rival.tick(1), rival.tick(0, name="other")]

    with Session(engine) as session, session.begin():
        write(session, worker, lease)
        cluster.wait_until(lease.until)
        granted = rival.store.claim(wanted, LONG).leases
        taking_over = rival.store.claim([Takeover("task", SPEC, lease.token)], LONG)

    assert [each.name for each in granted] == ["other"]
    assert taking_over.leases == []
    # To be asked for again, and not given up: the run may be gone on with yet.
    assert taking_over.undecided == {"task"}
    assert effects(engine) == [lease.token]
    assert rival.take(wanted[0])


def test_s86_a_taken_over_run_commits_where_it_goes_on(
    engine: Engine, cluster: Cluster, worker: Worker
) -> None:
    """S86, S84: with the token of the takeover, and not with the one before."""
    lease = worker.take_tick(0, SHORT)
    cluster.wait_until(lease.until)
    (taken,) = worker.store.claim([Takeover("task", SPEC, lease.token)], LONG).leases

    with Session(engine) as session, pytest.raises(LeaseLostError):
        write(session, worker, lease)
    with Session(engine) as session, session.begin():
        write(session, worker, taken)

    assert effects(engine) == [taken.token]


def test_s86_a_run_by_hand_can_be_guarded(engine: Engine, worker: Worker) -> None:
    """S86: it has the lease of the task, as a tick has."""
    lease = worker.take(worker.manual())
    assert lease is not None

    with Session(engine) as session, session.begin():
        write(session, worker, lease)

    assert effects(engine) == [lease.token]


def test_s31_s86_of_runs_side_by_side_each_has_a_fence_of_its_own(
    engine: Engine, cluster: Cluster, worker: Worker
) -> None:
    """S31, S86: they commit beside each other; the one that was given up does not."""
    long = worker.take(worker.tick(0, concurrency=3))
    short = worker.take(worker.tick(1, concurrency=3), SHORT)
    assert long is not None
    assert short is not None
    with Session(engine) as one, one.begin(), Session(engine) as two, two.begin():
        write(one, worker, long, concurrency=3)
        write(two, worker, short, concurrency=3)
    cluster.wait_until(short.until)
    third = worker.take(worker.tick(2, concurrency=3))
    assert third is not None

    with Session(engine) as session, pytest.raises(LeaseLostError):
        write(session, worker, short, concurrency=3)
    with Session(engine) as session, session.begin():
        write(session, worker, long, concurrency=3)

    assert effects(engine) == sorted([long.token, long.token, short.token])
    for lease in (long, third):
        assert worker.settle(lease, concurrency=3)
    with engine.connect() as connection:
        kept = text("SELECT number FROM ostinato_fence WHERE ns = :ns")
        assert list(connection.scalars(kept, {"ns": worker.namespace})) == [0]


def test_s86_what_was_not_flushed_is_written_before_the_fence_is_asked(
    engine: Engine, worker: Worker
) -> None:
    """S86: nobody waits for the writing; a scoped session is as good as a session."""
    lease = worker.take_tick()
    flushed: list[bool] = []

    class Noting(Session):
        def flush(self, objects: object = None) -> None:
            flushed.append(True)
            super().flush()

    sessions = scoped_session(sessionmaker(engine, class_=Noting))
    with sessions.begin():
        worker.store.guard(run_of(worker, lease), sessions)
        assert flushed == [True]
    with engine.begin() as connection:
        worker.store.guard(run_of(worker, lease), connection)


def test_s86_a_session_of_another_database_is_refused(
    engine: Engine, worker: Worker, address: str, tmp_path: Path
) -> None:
    """S86: without the tables, with those of another store, and of another kind; both named."""
    run = run_of(worker, worker.take_tick())
    name = f"other_{uuid4().hex[:8]}"
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    other = engine_of(address.rpartition("/")[0] + f"/{name}")
    lite = create_engine(f"sqlite:///{tmp_path}/app.db")

    for refusing in (other, lite):
        with Session(refusing) as session, pytest.raises(ForeignSessionError) as caught:
            worker.store.guard(run, session)
        assert make_url(caught.value.store).database == make_url(address).database
        assert caught.value.session == refusing.url.render_as_string()
    with closing(open_store(other.url)) as stranger:
        stranger.open(worker.namespace, "me", float)
        stranger.register([Registration("task", SPEC, 0)])
    with Session(other) as session, pytest.raises(ForeignSessionError, match=name):
        worker.store.guard(run, session)
    other.dispose()
    lite.dispose()


def test_s86_what_cannot_be_guarded_is_refused(engine: Engine, worker: Worker) -> None:
    """S86: each statement a transaction; no session; an error of the database stays what it is."""
    run = run_of(worker, worker.take_tick())

    with (
        engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection,
        pytest.raises(InvalidArgumentError, match="commits each statement by itself"),
    ):
        worker.store.guard(run, connection)
    with pytest.raises(ArgumentTypeError, match="session='session'"):
        worker.store.guard(run, "session")


def test_s86_stores_without_transactions_of_yours_refuse(
    tmp_path: Path, redis_address: str
) -> None:
    """S86: a file, whose writers are one at a time, and Redis."""
    address = f"sqlite:///{tmp_path}/state.db"
    lite = create_engine(address)
    run = Run("task", 0, token=1)
    for where in (address, redis_address):
        store = open_store(where)
        assert isinstance(store, (SqlStore, RedisStore))
        with Session(lite) as session, pytest.raises(ForeignSessionError) as caught:
            store.guard(run, session)
        store.close()
        assert caught.value.session == address
        assert where.partition("://")[2] in caught.value.store
    lite.dispose()
