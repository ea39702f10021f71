"""The store of one process, asked directly."""

from ostinato import Outcome, Run, RunKind
from ostinato._lease import Claim, Registration, Retention, Settlement
from ostinato.stores.memory import MemoryStore


class At:
    """A clock that says what it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[MemoryStore, At]:
    """Return a store with one task, due at 1,000, and its clock."""
    store, clock = MemoryStore(), At()
    store.open("default", "me", clock)
    store.register([Registration("task", "every 10 ms", 1_000)])
    return store, clock


def claim(due: int | None = 1_000, **changes: object) -> Claim:
    """Return what a worker asks for."""
    asked = Claim("task", "every 10 ms", 1_000, due, 1_010)
    return asked._replace(**changes)


def ended(due: int, token: int, outcome: Outcome = Outcome.SUCCEEDED) -> Run:
    """Return a run that has ended."""
    run = Run("task", due, token=token)
    run.outcome = outcome
    return run


def test_s76_a_tick_is_granted_once() -> None:
    """S76: the row moves on with the claim."""
    store, _ = opened()

    first, second = store.claim([claim()], 30_000), store.claim([claim()], 30_000)

    assert [lease.due for lease in first.leases] == [1_000]
    assert second.leases == []
    assert second.rows["task"].next_due == 1_010


def test_s19_who_knows_another_declaration_gets_nothing() -> None:
    """S19, S88: nor who asks for a task that there is not, or too early, or for a paused one."""
    store, clock = opened()
    assert store.claim([claim(name="nobody")], 1).rows == {}
    assert store.claim([claim(spec="every 20 ms")], 1).leases == []
    assert store.claim([claim(max_runs=0)], 1).leases == []
    clock.now = 999
    assert store.claim([claim()], 1).leases == []
    clock.now = 1_000
    store.control("task", {"paused": True})

    assert store.claim([claim()], 1).leases == []


def test_s78_a_lease_expires_by_the_store_s_clock() -> None:
    """S78: then the next tick is granted, and the end of the old run is of no consequence."""
    store, clock = opened()
    (lease,) = store.claim([claim()], 100).leases
    following = claim(1_010, expected=1_010, next_due=1_020)
    clock.now = 1_050
    assert store.claim([following], 100).leases == []
    assert store.renew([("task", lease.token), ("task", 3), ("nobody", 3)], 100) == {
        ("task", lease.token)
    }
    clock.now = 1_149
    assert store.claim([following], 100).leases == []
    clock.now = 1_150

    (taken,) = store.claim([following], 100).leases

    assert taken.token > lease.token
    assert store.settle([Settlement(ended(1_000, lease.token))]) == [None]
    assert store.settle([Settlement(ended(1_010, taken.token))])[0] is not None
    assert store.summary() == {"task": {"abandoned": 1, "succeeded": 1}}


def test_s82_an_end_is_recorded_in_the_row() -> None:
    """S82: with what it means for the task."""
    store, _ = opened()
    (lease,) = store.claim([claim()], 100).leases

    failed = Settlement(ended(1_000, lease.token, Outcome.FAILED), moves=True, pause="enough")
    (row,) = store.settle([failed])

    assert row is not None
    assert (row.failures_in_row, row.paused, row.paused_reason) == (1, True, "enough")
    assert row.next_due is None
    assert store.summary() == {"task": {"failed": 1}}
    assert store.settle([Settlement(Run("nobody", 3))]) == [None]


def test_what_is_known_is_read() -> None:
    """All of it, or what is named."""
    store, _ = opened()
    store.register([Registration("other", "every 5 ms", None)])

    assert set(store.read().rows) == {"task", "other"}
    assert set(store.read(["other", "nobody"]).rows) == {"other"}


def test_s19_another_declaration_begins_anew() -> None:
    """S19: the task keeps its row, and gets the first instant of its new schedule."""
    store, _ = opened()

    row = store.register([Registration("task", "every 20 ms", 5_000)]).rows["task"]

    assert (row.spec, row.next_due, row.anchor) == ("every 20 ms", 5_000, 5_000)
    again = store.register([Registration("task", "every 20 ms", 9_000)]).rows["task"]
    assert again.next_due == 5_000


def test_a_renamed_task_takes_over_its_state() -> None:
    """Its row and its history; where there was none, it begins."""
    store, _ = opened()
    store.record([ended(1_000, 0)])

    row = store.register([Registration("new", "every 10 ms", 9_000, ("older", "task"))]).rows["new"]
    other = store.register([Registration("one", "every 10 ms", 9_000, ("none",))]).rows["one"]

    assert (row.name, row.next_due) == ("new", 1_000)
    assert [run._due for run in store.runs("new", 10)] == [1_000]
    assert other.next_due == 9_000
    assert set(store.read().rows) == {"new", "one"}


def test_a_renamed_task_without_a_history_has_none() -> None:
    """Only its row is taken over."""
    store, _ = opened()

    store.register([Registration("new", "every 10 ms", 9_000, ("task",))])

    assert store.runs("new", 10) == []


def test_runs_are_remembered_until_they_are_pruned() -> None:
    """The latest stay."""
    store, _ = opened()
    store.record([ended(due, 0) for due in range(5)])

    assert store.prune(Retention(2)) == 3
    assert [run._due for run in store.runs("task", 10)] == [4, 3]
    assert MemoryStore(keep=1).ledger("task")._keep == 1
    store.close()


def test_s93_a_manual_run_moves_nothing() -> None:
    """S93: it takes the lease, where runs may not overlap."""
    store, _ = opened()
    manual = claim(expected=None, next_due=None, kind=RunKind.MANUAL, run_id="x")

    assert len(store.claim([manual], 100).leases) == 1
    assert store.claim([manual], 100).leases == []
    assert len(store.claim([manual._replace(concurrency=None)], 100).leases) == 1
    row = store.read().rows["task"]
    assert (row.next_due, row.starts) == (1_000, 0)
