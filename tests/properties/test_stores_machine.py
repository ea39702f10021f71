"""Whatever is asked of a store, in whatever order: it answers as the one in memory does."""

from collections.abc import Callable
from contextlib import closing
from copy import copy
from dataclasses import replace
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from ostinato import Outcome, Run, RunKind, SkipReason
from ostinato._lease import (
    Claim,
    Lease,
    Registration,
    Retention,
    Settlement,
    Skipped,
    Takeover,
    TaskRow,
)
from ostinato.stores import MemoryStore, open_store
from ostinato.stores.redis import RedisStore
from ostinato.stores.redis._lua import Scripts
from ostinato.stores.sql import SqlStore

BEGIN = 1_900_000_000_000
PERIOD = 10
NAMES = st.sampled_from(["one", "two"])
SPECS = st.sampled_from(["every 10 ms", "every 20 ms"])
WORKERS = st.integers(0, 1)
LEASES = st.sampled_from([15, 100_000])
CONCURRENCY = st.sampled_from([1, 1, 2, None])
Shared = RedisStore | SqlStore
OUTCOMES = st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ABANDONED])


class Both(RuleBasedStateMachine):
    """Two workers, each with a door to the store and one to the model."""

    def __init__(self, make: Callable[[], Shared]) -> None:
        super().__init__()
        self.now = BEGIN
        self.model, self.namespace = MemoryStore(keep=100_000), f"machine-{uuid4().hex[:16]}"
        self.numbers = count()
        self.doors: list[tuple[Shared, MemoryStore]] = []
        for number in range(2):
            pair = make(), copy(self.model)
            for store in pair:
                store.open(self.namespace, f"worker-{number}", lambda: self.now)
            self.doors.append(pair)
        self.leases: list[tuple[Lease, RunKind, int | None]] = []
        self.agree(
            0,
            lambda store: rows_of(store.register([registration("one"), registration("two")]).rows),
        )

    def teardown(self) -> None:
        for store, _ in self.doors:
            store.close()

    def agree(self, worker: int, ask: Callable) -> object:
        """Ask both, compare what they say and what they hold then; return the answer."""
        # No two things happen at once: what happens first is recorded first.
        self.now += 2
        told, expected = (ask(store) for store in self.doors[worker])
        assert told == expected
        held, wanted = (state_of(store) for store in self.doors[worker])
        assert held == wanted
        return told

    @rule(
        worker=WORKERS,
        name=NAMES,
        spec=SPECS,
        revision=st.sampled_from([None, None, 1, 2]),
        period=st.sampled_from([None, 30]),
        grace=st.sampled_from([20, 100_000]),
    )
    def register(self, worker, name, spec, revision, period, grace):  # noqa: PLR0917 - drawn by name
        """Declare a task as it is known, or otherwise."""
        task = registration(name, spec, self.now)
        asked = [task._replace(revision=revision, period=period, grace=grace)]
        self.agree(worker, lambda store: rows_of(store.register(asked).rows))

    @rule(milliseconds=st.integers(1, 40))
    def wait(self, milliseconds):
        """Let time pass."""
        self.now += milliseconds

    @rule(
        worker=WORKERS,
        name=NAMES,
        spec=SPECS,
        lease=LEASES,
        concurrency=CONCURRENCY,
        wrong=st.sampled_from([0, 0, 0, 1]),
        skipped=st.integers(0, 2),
        runs=st.booleans(),
        limit=st.sampled_from([None, None, 3]),
    )
    def claim(  # noqa: PLR0917 - as above
        self, worker, name, spec, lease, concurrency, wrong, skipped, runs, limit
    ):
        """Claim a tick, with what was passed over before it; or only that."""
        row = self.model_row(name)
        if row.next_due is None:
            return
        first = row.next_due + wrong
        due = first + skipped * PERIOD
        passed = None
        if skipped:
            passed = Skipped(first, due - PERIOD, skipped, SkipReason.COALESCED)
        following = due + PERIOD if runs else due
        asked = Claim(
            name,
            spec,
            first,
            due if runs else None,
            following,
            passed,
            limit,
            concurrency=concurrency,
        )
        self.take(worker, asked, lease, RunKind.TICK, concurrency)

    @rule(worker=WORKERS, name=NAMES, spec=SPECS, concurrency=CONCURRENCY)
    def trigger(self, worker, name, spec, concurrency):
        """Claim a manual run."""
        run_id = f"by-hand-{next(self.numbers)}"
        asked = Claim(
            name,
            spec,
            None,
            self.now,
            None,
            kind=RunKind.MANUAL,
            run_id=run_id,
            concurrency=concurrency,
        )
        self.take(worker, asked, 100_000, RunKind.MANUAL, concurrency)

    @rule(worker=WORKERS, name=NAMES, spec=SPECS)
    def take_over(self, worker, name, spec):
        """Claim the lease of the task, which may have expired."""
        if (held := self.model_row(name).held) is not None:
            self.take(worker, Takeover(name, spec, held.token), 50, RunKind.TICK, 1)

    def take(self, worker, asked, lease, kind, concurrency):
        """Claim, and remember the lease."""

        def ask(store):
            reply = store.claim([asked], lease)
            return reply.leases, reply.now, rows_of(reply.rows)

        granted, _, _ = self.agree(worker, ask)
        self.leases += ((each, kind, concurrency) for each in granted)

    @rule(worker=WORKERS, lease=LEASES, which=st.integers(0, 5))
    def renew(self, worker, lease, which):
        """Renew the latest leases, some of which are lost."""
        pairs = [(each.name, each.token) for each, *_ in self.leases[-which:]]
        self.agree(worker, lambda store: store.renew(pairs, lease))

    @rule(
        worker=WORKERS,
        which=st.integers(0, 4),
        outcome=OUTCOMES,
        moves=st.booleans(),
        pauses=st.sampled_from([None, None, "enough"]),
        is_begun=st.sampled_from([True, True, False]),
    )
    def settle(self, worker, which, outcome, moves, pauses, is_begun):  # noqa: PLR0917 - as above
        """Settle one of the latest runs, perhaps again, or after its lease was lost."""
        if not self.leases:
            return
        lease, kind, concurrency = self.leases[-1 - which % len(self.leases)]
        run = Run(lease.name, lease.due, self.namespace, kind, lease.token)
        run.outcome, run.error = outcome, None if outcome is Outcome.SUCCEEDED else "it did"
        if kind is RunKind.TICK and not is_begun:
            run = passed_over(lease, self.namespace)
        row = self.model_row(lease.name)
        following = None if row.next_due is None else row.next_due + PERIOD
        asked = Settlement(run, moves, following, None, pauses, concurrency)

        def ask(store):
            (row,) = store.settle([asked])
            return None if row is None else shown(row)

        self.agree(worker, ask)

    @rule(worker=WORKERS, name=NAMES, paused=st.booleans())
    def pause(self, worker, name, paused):
        """Pause or resume."""
        changes = {"paused": paused, "paused_reason": "tired" if paused else None}
        self.agree(worker, lambda store: shown(store.control(name, changes)))

    @rule(worker=WORKERS, keep=st.integers(0, 5))
    def prune(self, worker, keep):
        """Forget what is not among the latest."""
        self.agree(worker, lambda store: store.prune(Retention(keep)))

    def model_row(self, name: str) -> TaskRow:
        """Return what the model knows of a task."""
        return self.doors[0][1].read([name]).rows[name]


def registration(name: str, spec: str = "every 10 ms", due: int = BEGIN) -> Registration:
    """Return what a worker declares."""
    return Registration(name, spec, due)


def passed_over(lease: Lease, namespace: str) -> Run:
    """Return what is told of a tick that was claimed and then not started."""
    due, reason = lease.due, SkipReason.PAUSED
    run = Run.of_skipped(lease.name, namespace, first=due, last=due, count=1, reason=reason)
    run.token = lease.token
    return run


def shown(row: TaskRow) -> tuple[object, ...]:
    """Return what every reply has of a task."""
    last = row.last_run
    return (
        *(row.name, row.spec, row.next_due, row.anchor, row.schedule, row.paused),
        *(row.paused_reason, row.config_rev, row.token, row.held, row.starts, row.last_due),
        *(row.last_success, row.failures_in_row, row.takeovers),
        None if last is None else (last._due, last.outcome, last.token, last.error, last.kind),
    )


def rows_of(rows: dict[str, TaskRow]) -> dict[str, object]:
    """Return the same of several."""
    return {name: shown(row) for name, row in rows.items()}


def state_of(store: Shared | MemoryStore) -> object:
    """Return all that can be seen of what a store holds."""
    rows = store.read().rows
    history = [
        (run._due, run.outcome, run.count, run.reason, run.token, run.last_due)
        for name in sorted(rows)
        for run in store.runs(name, 100)
    ]
    summary = {name: counts for name, counts in store.summary().items() if counts}
    return rows_of(rows), {name: row.beside for name, row in rows.items()}, history, summary


def by_given_time(store: Shared) -> Shared:
    """Let *store* go by the clock that is handed in, as no server would."""
    if isinstance(store, SqlStore):
        store._dialect = replace(store._dialect, now=":now")
        return store
    store._scripts = Scripts(now="tonumber(redis.call('GET', 'given time'))")
    run = store._link.run

    def run_by_given_time(scripts: Scripts, commands: list[tuple[object, ...]]) -> list:
        return run(scripts, [("SET", "given time", store._now()), *commands])[1:]

    store._link.run = run_by_given_time
    return store


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("server", "examples"), [("sqlite", 60), ("postgresql", 8), ("mariadb", 8), ("redis", 60)]
)
def test_s29_a_store_answers_as_the_one_in_memory_does(
    server: str, examples: int, tmp_path: Path, request: pytest.FixtureRequest
):
    """S29, S76, S82, S93: for every order of actions of two workers that is tried."""
    address = (
        f"sqlite:///{tmp_path}/state.db"
        if server == "sqlite"
        else request.getfixturevalue(f"{server}_address")
    )

    def make() -> Shared:
        return by_given_time(open_store(address))

    with closing(make()):
        run_state_machine_as_test(
            lambda: Both(make),
            settings=settings(max_examples=examples, stateful_step_count=40, deadline=None),
        )
