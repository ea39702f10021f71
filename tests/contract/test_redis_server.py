"""What a Redis server does to a store: it forgets, is full, goes away, is somebody else's."""

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from ostinato import Outcome, Run, SchemaError, StoreError, StoreUnavailableError
from ostinato._lease import Claim, Registration, Retention, Settlement, Skipped
from ostinato._outcomes import SkipReason
from ostinato.stores import open_store
from ostinato.stores.redis import _link
from ostinato.stores.redis._keys import Keys, TaskKeys
from tests.support.servers import redis

SPEC = "every 1 s"


@pytest.fixture(scope="module")
def own_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server that these tests may spoil."""
    with redis(tmp_path_factory.mktemp("own")) as server:
        yield server.address


@pytest.fixture
def server(own_address: str) -> Iterator[Redis]:
    """Return a client of the server, on which there is nothing."""
    with Redis.from_url(own_address, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def opened(own_address: str, server: Redis) -> Iterator[Callable]:
    """Return a function that makes stores, and opens them."""
    with ExitStack() as stack:

        def opened(owner: str = "me", *, address: str = own_address, **options: object):
            store = stack.enter_context(closing(open_store(address, **options)))
            store.open("default", owner, float)
            return store

        yield opened


def begin(store) -> int:
    """Register the task, which is due; return its first tick."""
    return (
        store.register([Registration("task", SPEC, store.read([]).now - 100)]).rows["task"].next_due
    )


def claim(due: int) -> Claim:
    """Return what a worker asks for."""
    return Claim("task", SPEC, due, due, due + 10)


def test_s82_a_server_that_has_lost_everything_begins_with_a_higher_token(opened, server: Redis):
    """S82: who claims learns of no row, and registers again; older tokens are worth nothing."""
    store = opened()
    due = begin(store)
    (lease,) = store.claim([claim(due)], 60_000).leases

    server.flushall()

    lost = store.claim([claim(due + 10)], 60_000)
    assert (lost.leases, lost.rows) == ([], {})
    assert store.renew([("task", lease.token)], 60_000) == set()
    assert store.settle([Settlement(Run("task", due, token=lease.token))]) == [None]
    again = begin(store)
    (following,) = store.claim([claim(again)], 60_000).leases
    assert following.token > lease.token


def test_s76_a_server_that_has_forgotten_the_scripts_is_sent_them(opened, server: Redis):
    """S76: in the same call, in the order in which it was asked."""
    store = opened()
    due = begin(store)
    server.script_flush()

    leases = store.claim([claim(due), claim(due)], 60_000).leases

    assert [lease.due for lease in leases] == [due]
    assert store.read().rows["task"].next_due == due + 10


def test_s77_nothing_expires_by_itself(opened, server: Redis):
    """S77: where memory is short, policies that drop what is to expire find nothing."""
    store = opened()
    due = begin(store)
    (lease,) = store.claim([claim(due)], 60_000).leases
    store.settle([Settlement(_ended(due, lease.token))])

    assert {server.ttl(key) for key in server.scan_iter()} == {-1}


def test_s99_what_is_kept_is_plain(opened, server: Redis):
    """S99: numbers and texts, and JSON of one form."""
    store = opened()
    due = begin(store)
    passed = Skipped(due, due, 1, SkipReason.COALESCED)
    asked = claim(due)._replace(due=due + 10, next_due=due + 20, passed=passed)
    (lease,) = store.claim([asked], 60_000).leases
    keys = Keys("ostinato", "default").of("task")

    open_run = json.loads(server.hvals(keys.open)[0])
    store.settle([Settlement(_ended(due + 10, lease.token))])
    record, range_ = map(json.loads, server.lrange(keys.runs, 0, -1))

    assert (open_run["due"], open_run["token"]) == (str(due + 10), str(lease.token))
    assert (record["due"], record["outcome"]) == (due + 10, "succeeded")
    assert record["owner"]
    assert int(record["recorded"]) >= int(range_.pop("recorded")) > due
    assert range_ == {
        "reason": "coalesced",
        "due": str(due),
        "last_due": str(due),
        "count": "1",
    }
    assert server.hget(keys.task, "next_due") == str(due + 20)


def test_s88_no_two_names_have_one_key():
    """S88: whatever is in them; those of one task have one hash tag, which ends with its name."""
    pairs = [
        ("a", "b"),
        ("a", "b:c"),
        ("a:b", "c"),
        ("a}", "b"),
        ("a", "b}d"),
        ("a%7D", "b"),
        ("{a", "b"),
        ("a", "b}c"),
    ]
    keys = [Keys("ostinato", namespace).of(name) for namespace, name in pairs]

    assert len({key for each in keys for key in each}) == len(TaskKeys._fields) * len(pairs)
    tags = [{key[key.index("{") : key.index("}")] for key in each} for each in keys]
    assert [len(each) for each in tags] == [1] * len(pairs)
    assert len(set.union(*tags)) == len(pairs)
    assert Keys("ostinato", "default").of("app.tidy").runs == "ostinato:{default:app.tidy}:runs"


@pytest.mark.parametrize(("policy", "records"), [("allkeys-lru", 1), ("volatile-lru", 0)])
def test_s77_a_server_that_may_drop_rows_is_warned_of(
    policy: str, records: int, opened, server: Redis, caplog: pytest.LogCaptureFixture
):
    """S77: what was run already would be run again."""
    server.config_set("maxmemory-policy", policy)
    try:
        with caplog.at_level(logging.INFO, "ostinato"):
            opened()
    finally:
        server.config_set("maxmemory-policy", "noeviction")

    told = [(each.levelname, each.ostinato_event, each.eviction_policy) for each in caplog.records]
    assert told == [("WARNING", "ostinato.store_forgetful", policy)] * records


def test_a_user_who_may_not_ask_for_the_policy_is_served(opened, server: Redis, own_address: str):
    """Rights to the keys and the scripts are enough."""
    commands = ["+@all", "-@dangerous"]
    server.execute_command("ACL", "SETUSER", "me", "on", ">secret", "~ostinato:*", *commands)

    store = opened(address=own_address.replace("://", "://me:secret@"))

    assert begin(store) > 0
    assert "secret" not in store._link.title


def test_s90_a_newer_form_is_refused_if_it_says_so(opened, server: Redis):
    """S90: one that this library can still work with is not."""
    opened()
    server.hset("ostinato:meta", "schema_version", 9)
    opened()
    server.hset("ostinato:meta", "min_compatible", 8)

    with pytest.raises(SchemaError, match="upgrade ostinato") as caught:
        opened()

    assert (caught.value.found, caught.value.expected) == (9, 1)


def test_s100_keys_begin_as_is_asked_for(opened, server: Redis):
    """S100: of two prefixes on one server neither knows the other's tasks."""
    one, two = opened(prefix="one_"), opened(prefix="two")

    begin(one)

    assert two.read().rows == {}
    assert {key.partition(":")[0] for key in server.scan_iter()} == {"one", "two"}


def test_s87_a_connection_that_was_cut_is_made_anew(opened, server: Redis):
    """S87: between two calls nobody notices."""
    store = opened()
    due = begin(store)

    server.client_kill_filter(_type="normal", skipme=True)

    assert len(store.claim([claim(due)], 60_000).leases) == 1


def test_s87_a_server_that_may_not_be_written_to_is_unavailable(opened, server: Redis):
    """S87: another becomes the master; who asks again finds it."""
    store = opened()
    due = begin(store)
    server.config_set("min-replicas-to-write", 1)
    try:
        with pytest.raises(StoreUnavailableError, match="NOREPLICAS") as caught:
            store.claim([claim(due)], 60_000)
    finally:
        server.config_set("min-replicas-to-write", 0)

    assert isinstance(caught.value.__cause__, RedisError)
    assert store.read().rows["task"].starts == 0
    assert len(store.claim([claim(due)], 60_000).leases) == 1


def test_s87_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """S87: after the limit, here a short one; an answer that comes late is nobody's."""
    monkeypatch.setattr(_link, "_LIMIT", 0.05)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with (
            closing(open_store(f"redis://me:secret@127.0.0.1:{port}")) as store,
            pytest.raises(StoreUnavailableError, match="does not answer") as caught,
        ):
            store.open("default", "me", float)

    assert isinstance(caught.value.__cause__, RedisError)
    assert caught.value.store == f"redis://127.0.0.1:{port}/0"


def test_a_call_that_is_wrong_is_told_as_such(opened, server: Redis):
    """It would not be better later: a key that is something else."""
    store = opened()
    due = begin(store)
    keys = Keys("ostinato", "default").of("task")
    server.set(keys.open, "something else")

    with pytest.raises(StoreError, match="did not do it") as caught:
        store.claim([claim(due)], 60_000)

    assert not isinstance(caught.value, StoreUnavailableError)
    assert store.read([]).now > due
    with pytest.raises(ValueError, match="are not steered"):
        store.control("task", {"token": 1})


def test_s74_a_forked_process_uses_no_connection_of_its_parent(opened):
    """S74: it makes its own, and its parent goes on with the old one."""
    store = opened()
    due = begin(store)
    before = store._link._connection()

    child = os.fork()
    if not child:
        is_fresh = store._link._connection() is not before
        os._exit(0 if is_fresh and len(store.claim([claim(due)], 60_000).leases) == 1 else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert store._link._connection() is before
    assert store.claim([claim(due)], 60_000).leases == []


def test_s77_a_long_history_is_forgotten_in_slices(opened):
    """S77: all that is too much, however much it is; each run is recorded once."""
    store = opened()
    due = begin(store)
    runs = [_ended(due + number, 0) for number in range(2_100)]
    store.record(runs)
    store.record(runs[:10])

    assert store.prune(Retention(50)) == 2_050
    assert [run._due for run in store.runs("task", 2)] == [due + 2_099, due + 2_098]
    assert store.summary() == {"task": {"succeeded": 2_100}}
    store.record(
        [Run.of_skipped("task", "default", first=1, last=2, count=2, reason=SkipReason.GAP)]
    )
    assert store.summary()["task"]["skipped(gap)"] == 2


def test_s19_a_declaration_is_judged_anew_if_somebody_came_in_between(opened):
    """S19: here with a claim, from whose tick on a period counts that was changed."""
    old, new = opened("old"), opened("new")
    due = begin(old)
    judgement, run = new._scripts.call("declare", ())[1], new._run
    coming = [lambda: old.claim([claim(due)], 60_000)]

    def run_late(commands):
        if commands and commands[0][1] == judgement and coming:
            coming.pop()()
        return run(commands)

    new._run = run_late
    row = new.register([Registration("task", "another", due + 5, period=100_000)]).rows["task"]

    assert coming == []
    assert (row.spec, row.next_due, row.config_rev) == ("another", due + 100_000, 1)


def test_s19_who_cannot_say_that_it_leaves_leaves(tmp_path: Path):
    """S19: the others see it before long."""
    with redis(tmp_path) as server:
        store = open_store(server.address)
        store.open("default", "me", float)
        begin(store)

    store.close()

    assert store._link._held == {}


def test_s87_a_socket_in_a_folder_is_an_address_too(tmp_path: Path):
    """S87: for a server on the same host."""
    path = tmp_path / "socket"
    with (
        redis(tmp_path, "--unixsocket", str(path)),
        closing(open_store(f"unix://{path}?db=1")) as store,
    ):
        store.open("default", "me", float)

        assert begin(store) > 0
        assert store._link.title == f"unix://{path}"


def _ended(due: int, token: int) -> Run:
    run = Run("task", due, "default", token=token)
    run.outcome = Outcome.SUCCEEDED
    return run


def test_s92_to_look_whether_a_task_was_steered_costs_the_same_for_any_number(
    opened, server: Redis
):
    """S92: however many tasks there are, one number is asked for, and nothing of theirs."""
    store = opened()
    commands = []
    for number in (1, 50):
        store.register([Registration(f"task-{each}", SPEC, 1) for each in range(number)])
        store.poll()
        before = server.info("commandstats")
        store.poll()
        after = server.info("commandstats")
        commands.append(
            sum(each["calls"] for name, each in after.items() if "info" not in name)
            - sum(each["calls"] for name, each in before.items() if "info" not in name)
        )

    assert commands[0] == commands[1]
