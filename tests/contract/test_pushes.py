"""A store that pushes: what one worker steers, the others hear; on real servers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from queue import Empty, SimpleQueue
from uuid import uuid4

import pytest
from redis import Redis

from ostinato import Outcome, StoreUnavailableError
from ostinato._lease import Claim, Registration, Settlement
from ostinato._run import Run
from ostinato.protocols import SharedStore
from ostinato.stores import open_store
from ostinato.stores.redis import _link
from ostinato.stores.sql import _listening
from tests.support.proxy import proxied

SPEC = "every 1 s"
SERVERS = ["postgresql", "redis"]


class Listener:
    """A worker's store, and the thread that listens to it."""

    def __init__(self, store: SharedStore) -> None:
        self.store = store
        self.pushes: SimpleQueue[None] = SimpleQueue()
        self.came_of_it: list[object] = []
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def hears(self, seconds: float = 20) -> bool:
        """Return whether it hears something within so many *seconds*."""
        try:
            self.pushes.get(timeout=seconds)
        except Empty:
            return False
        return True

    def ended(self) -> object:
        """Wait for its end; return what came of it."""
        self.thread.join(20)
        assert not self.thread.is_alive()
        (result,) = self.came_of_it
        return result

    def _listen(self) -> None:
        try:
            self.came_of_it.append(self.store.subscribe(lambda: self.pushes.put(None)))
        except Exception as error:
            self.came_of_it.append(error)


@pytest.fixture(params=SERVERS)
def address(request: pytest.FixtureRequest) -> str:
    """Return where a server is that pushes."""
    return request.getfixturevalue(f"{request.param}_address")


@pytest.fixture
def opened(address: str) -> Iterator[Callable[..., SharedStore]]:
    """Return a function that opens the store of a worker, in a namespace of the test's own."""
    mine = uuid4().hex
    with ExitStack() as stack:

        def opened(owner: str, *, at: str = address, namespace: str = mine) -> SharedStore:
            store = stack.enter_context(closing(open_store(at)))
            store.open(namespace, owner, float)
            return store

        yield opened


def listening(store: SharedStore) -> Listener:
    """Return a listener that listens."""
    listener = Listener(store)
    assert listener.hears(), listener.came_of_it
    return listener


def test_s92_what_is_steered_is_heard_by_the_others(opened):
    """S92: each kind of steering is one push, ticks are none, and nobody hears what he did."""
    one = opened("one")
    due = one.register([Registration("task", SPEC, 5)]).rows["task"].next_due
    other, mine = listening(opened("other")), listening(one)

    run = Run("task", due)
    (lease,) = one.claim([Claim("task", SPEC, due, due, due + 10)], 60_000).leases
    run.token, run.outcome = lease.token, Outcome.FAILED
    run._started = run._finished = float(due)
    pushed = [
        lambda: one.control("task", {"paused": True}),
        lambda: one.control("task", {"schedule": "every 2 s"}),
        lambda: one.control("task", {"cancel_requested": lease.token}),
        lambda: one.settle([Settlement(run, pause="it fails")]),
        lambda: one.register([Registration("task", "every 3 s", 5)]),
    ]

    one.control("task", {"next_due": due + 20})
    one.renew([("task", lease.token)], 60_000)
    one.register([Registration("task", SPEC, 5)])
    assert not other.hears(0.3)
    assert [act() is not None and other.hears() for act in pushed] == [True] * len(pushed)
    assert not mine.hears(0.0)


def test_s92_other_namespaces_hear_nothing(opened):
    """S92: what is steered there is no task of theirs."""
    one, other = opened("one"), listening(opened("other"))
    strange = listening(opened("strange", namespace="strange"))
    one.register([Registration("task", SPEC, 5)])

    one.control("task", {"paused": True})

    assert other.hears()
    assert not strange.hears(0.2)


def test_s72_who_closes_a_store_ends_the_listening_at_once(opened):
    """S72: nothing has to be said on the connection for it, and any later one ends as well."""
    listener = listening(opened("one"))

    listener.store.close()

    assert listener.ended() is True
    assert Listener(listener.store).ended() is True


def test_s92_a_connection_that_is_cut_is_told_of(opened, address: str):
    """S92: whoever listens may then listen again."""
    one = opened("one")
    one.register([Registration("task", SPEC, 5)])
    with proxied(address) as proxy:
        other = opened("other", at=proxy.address)
        listener = listening(other)

    assert isinstance(listener.ended(), StoreUnavailableError)
    again = opened("other")
    heard = listening(again)
    one.control("task", {"paused": True})
    assert heard.hears()


def test_s92_a_server_that_says_nothing_any_more_is_found_out(
    opened, address: str, monkeypatch: pytest.MonkeyPatch
):
    """S92: after a while without a push it is asked whether it is there."""
    for module in (_link, _listening):
        monkeypatch.setattr(module, "_SILENCE", 0.1)
    one = opened("one")
    one.register([Registration("task", SPEC, 5)])
    with proxied(address) as proxy:
        listener = listening(opened("other", at=proxy.address))
        assert not listener.hears(0.5)
        one.control("task", {"paused": True})
        assert listener.hears()

        proxy.is_open = False

        assert isinstance(listener.ended(), StoreUnavailableError)
        proxy.is_open = True


def test_s92_behind_a_pooler_of_transactions_nothing_is_pushed(pgbouncer_address: str):
    """S92: the ping to itself is not heard, and polling tells as before."""
    with closing(open_store(pgbouncer_address)) as one:
        one.open("pooled", "one", float)
        one.register([Registration("task", SPEC, 5)])
        listener = Listener(one)
        assert listener.ended() is False
        assert not listener.hears(0.0)
        before = one.poll()
        one.control("task", {"paused": True})
        assert one.poll() != before


def test_s92_who_may_not_subscribe_is_told_so(redis_address: str):
    """S92: and who may not publish steers all the same."""
    with Redis.from_url(redis_address) as client:
        client.acl_setuser(
            "quiet", enabled=True, nopass=True, keys=["*"], commands=["+@all"], reset_channels=True
        )
        address = redis_address.replace("redis://", "redis://quiet:any@")
        with closing(open_store(address)) as one:
            one.open("quiet", "one", float)
            one.register([Registration("task", SPEC, 5)])
            assert Listener(one).ended() is False
            assert one.control("task", {"paused": True}).paused
        client.acl_deluser("quiet")


@pytest.mark.parametrize("address", ["memory://", "sqlite", "mariadb"])
def test_s92_where_nothing_is_pushed_nobody_waits(address: str, tmp_path, request):
    """S92: that is known at once."""
    if address == "mariadb":
        address = request.getfixturevalue("mariadb_address")
    elif address == "sqlite":
        address = f"sqlite:///{tmp_path / 'state.db'}"
    with closing(open_store(address)) as store:
        store.open("default", "one", float)
        assert store.subscribe(pytest.fail) is False
        store.unsubscribe()
