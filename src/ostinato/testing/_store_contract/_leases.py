"""Who holds a lease, for how long, and what its end changes."""

from collections.abc import Callable

from ostinato._lease import Lease, Skipped, Takeover
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato.testing._store_contract._cluster import (
    LONG,
    SHORT,
    Cluster,
    SharedStore,
    ended,
)

__all__ = ["LeaseClauses"]

Factory = Callable[[], SharedStore]


class LeaseClauses:
    """I3, I4 and I5: leases, their renewal, their loss, and what a reply that was lost leaves."""

    def test_s78_a_lease_keeps_others_out_until_it_expires(self, store_factory: Factory) -> None:
        """S78, S85: by the store's clock; the run is recorded as abandoned by who comes next."""
        cluster = Cluster(store_factory)
        dead, other = cluster.worker(), cluster.worker()
        dead.register("task")
        long = dead.take_tick(0)
        assert other.take(other.tick(1)) is None
        dead.settle(long)
        lease = dead.take_tick(1, SHORT)

        cluster.wait_until(lease.until)
        taken = other.take(other.tick(2))

        assert taken is not None
        assert taken.token > lease.token
        assert other.row().held == taken
        assert other.history() == [(0, "succeeded"), (1, "abandoned")]
        last = other.row().last_run
        assert last is not None
        assert (last._due, last.outcome, last.token) == (
            *(lease.due, Outcome.ABANDONED),
            lease.token,
        )
        assert other.store.summary() == {"task": {"succeeded": 1, "abandoned": 1}}

    def test_s82_the_token_alone_decides_who_holds_a_lease(self, store_factory: Factory) -> None:
        """S82: a stall in which nobody came costs nothing; a rival's claim ends it."""
        cluster = Cluster(store_factory)
        stalled, rival = cluster.worker(), cluster.worker()
        stalled.register("task")
        lease = stalled.take_tick(0, SHORT)
        cluster.wait_until(lease.until)
        assert stalled.store.renew([("task", lease.token)], SHORT) == {("task", lease.token)}
        renewed = stalled.row().held
        assert renewed is not None
        assert renewed.until > lease.until
        cluster.wait_until(renewed.until)

        taken = rival.take_tick(1)

        assert stalled.store.renew([("task", lease.token)], LONG) == set()
        assert not stalled.settle(lease)
        assert not stalled.settle(lease)
        assert rival.row().held == taken
        assert rival.history() == [(0, "abandoned")]
        assert rival.settle(taken)

    def test_s82_a_run_that_ends_late_is_recorded_if_nobody_came(
        self, store_factory: Factory
    ) -> None:
        """S82: although its lease had expired."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        lease = worker.take_tick(0, SHORT)

        cluster.wait_until(lease.until)

        assert worker.settle(lease)
        assert worker.history() == [(0, "succeeded")]

    def test_s81_what_is_held_is_renewed_at_once(self, store_factory: Factory) -> None:
        """S81: all of it in one call; what is not held any more is missing in the answer."""
        worker = Cluster(store_factory).worker()
        worker.register("task", "second", "third")
        first = worker.take_tick(0, SHORT)
        second = worker.take(worker.tick(0, name="second"), SHORT)
        assert second is not None
        worker.settle(second)
        held = [("task", first.token), ("second", second.token), ("third", 3), ("none", 4)]

        kept = worker.store.renew(held, LONG)

        assert kept == {("task", first.token)}
        row = worker.row()
        assert row.held is not None
        assert row.held.until > first.until
        assert worker.store.renew([], LONG) == set()

    def test_s82_an_end_is_recorded_in_the_row(self, store_factory: Factory) -> None:
        """S82: with what it means for the task, and the instant that policy asks for."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        assert worker.settle(worker.take_tick(0))
        lease = worker.take_tick(1)
        passed = Skipped(worker.due(2), worker.due(3), 2, SkipReason.OVERLAP)

        moved = worker.settle(
            lease, Outcome.FAILED, moves=True, next_due=worker.due(4), passed=passed
        )

        assert moved
        row = worker.row()
        assert (row.next_due, row.held, row.failures_in_row) == (worker.due(4), None, 1)
        assert (row.last_success, row.last_due) == (worker.begin, worker.due(1))
        assert row.last_run is not None
        assert (row.last_run.outcome, row.last_run.error) == (Outcome.FAILED, "it failed")
        assert row.last_run.token == lease.token
        assert worker.history()[1:] == [(1, "failed"), (2, "2 skipped(overlap)")]
        assert worker.settle(worker.take_tick(4))
        assert worker.row().failures_in_row == 0

    def test_s65_a_settlement_can_pause(self, store_factory: Factory) -> None:
        """S65: with its reason; every worker learns it."""
        worker = Cluster(store_factory).worker()
        before = worker.register("task").config_rev

        assert worker.settle(worker.take_tick(0), Outcome.TIMED_OUT, pause="3 failures in a row")

        row = worker.row()
        assert (row.paused, row.paused_reason) == (True, "3 failures in a row")
        assert row.config_rev > before
        assert worker.take(worker.tick(1)) is None

    def test_s79_a_verdict_is_given_again(self, store_factory: Factory) -> None:
        """S79: to who lost the reply, even after a rival's next claim; it changes nothing more."""
        cluster = Cluster(store_factory)
        worker, rival = cluster.worker(), cluster.worker()
        worker.register("task")
        lease = worker.take_tick(0)

        first = worker.settle(lease, Outcome.ABANDONED, moves=True, next_due=worker.due(3))
        again = worker.settle(lease, Outcome.ABANDONED, moves=True, next_due=worker.due(5))
        assert rival.take(rival.tick(3)) is not None
        late = worker.settle(lease, Outcome.ABANDONED, moves=True, next_due=worker.due(7))

        assert (first, again, late) == (True, True, True)
        assert worker.row().next_due == worker.due(4)
        assert worker.history() == [(0, "abandoned")]
        assert worker.store.summary() == {"task": {"abandoned": 1}}

    def test_s79_a_claim_whose_reply_was_lost_is_found_by_reading(
        self, store_factory: Factory
    ) -> None:
        """S79: by owner, due and a lease that is live; asked for again, it is not granted twice."""
        cluster = Cluster(store_factory)
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task")
        worker.store.claim([worker.tick(0)], LONG)

        reply = other.store.read(["task"])
        held = reply.rows["task"].held

        assert held is not None
        assert (held.owner, held.due) == (worker.owner, worker.begin)
        assert held.until > reply.now
        assert worker.take(worker.tick(0)) is None
        assert worker.settle(held)

    def test_s93_a_manual_run_moves_no_tick(self, store_factory: Factory) -> None:
        """S93: it works in a pause, takes the lease where runs may not overlap, and has its id."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        worker.store.control("task", {"paused": True})

        lease = worker.take(worker.manual("first"))
        assert lease is not None
        assert worker.take(worker.manual("second")) is None
        run = ended(lease, Outcome.SUCCEEDED, worker.namespace, RunKind.MANUAL)
        run._rarely.id = "first"
        assert worker.settle(lease, run=run)

        row = worker.row()
        assert (row.next_due, row.starts, row.last_due) == (worker.begin, 0, None)
        (recorded,) = worker.store.runs("task", 10)
        assert (recorded.id, recorded.kind) == ("first", RunKind.MANUAL)
        assert worker.store.summary().get("task", {}) == {}
        assert worker.take(worker.manual("third")) is not None

    def test_s91_a_manual_run_that_died_is_no_tick(self, store_factory: Factory) -> None:
        """S91: it is recorded as abandoned, under its id, and counted nowhere."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        lost = worker.take(worker.manual("lost"), SHORT)
        assert lost is not None
        cluster.wait_until(lost.until)

        taking = Takeover("task", worker.tick().spec, lost.token)
        assert worker.store.claim([taking], LONG).leases == []
        assert worker.take(worker.tick(0)) is not None

        (run,) = worker.store.runs("task", 10)
        assert (run.id, run.kind, run.outcome) == ("lost", RunKind.MANUAL, Outcome.ABANDONED)
        assert worker.store.summary().get("task", {}) == {}

    def test_s20_a_tick_whose_worker_died_is_not_run_again(self, store_factory: Factory) -> None:
        """S20: its lease goes with it, and the row is free."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        dead = worker.take_tick(0, 0)
        cluster.wait_until(dead.until)
        worker.store.control("task", {"next_due": worker.begin})

        assert worker.take(worker.tick(0)) is None

        assert (worker.row().held, worker.row().next_due) == (None, worker.due(1))
        assert sorted(worker.history()) == [(0, "1 skipped(already_run)"), (0, "abandoned")]

    def test_s33_a_run_that_is_to_end_is_named_at_its_renewal(self, store_factory: Factory) -> None:
        """S33: whoever asks for it; until it has ended."""
        cluster = Cluster(store_factory)
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task")
        lease = worker.take_tick(0)
        pair = ("task", lease.token)
        assert worker.store.renew([pair], LONG).cancelled == frozenset()

        other.store.control("task", {"cancel_requested": lease.token})

        assert worker.store.renew([pair], LONG).cancelled == {pair}
        worker.settle(lease, Outcome.CANCELLED)
        following = worker.take_tick(1)
        assert worker.store.renew([("task", following.token)], LONG).cancelled == frozenset()

    def test_s84_the_wish_to_end_a_run_ends_with_its_worker(self, store_factory: Factory) -> None:
        """S33, S84: who takes it over is not asked to end it: the token that was named is gone."""
        cluster = Cluster(store_factory)
        dead, heir = cluster.worker(), cluster.worker()
        dead.register("task")
        lease = dead.take_tick(0, SHORT)
        heir.store.control("task", {"cancel_requested": lease.token})
        cluster.wait_until(lease.until)

        (taken,) = heir.store.claim([Takeover("task", dead.tick().spec, lease.token)], LONG).leases

        assert heir.store.renew([("task", taken.token)], LONG).cancelled == frozenset()
        assert heir.row().cancel_requested == set()

    def test_s20_a_tick_that_was_skipped_may_be_run(self, store_factory: Factory) -> None:
        """S20: only a run keeps a tick from being run again, where a clock was set back."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        passed = Skipped(worker.begin, worker.begin, 1, SkipReason.COALESCED)
        assert worker.take(worker.tick(0, due=worker.due(1), next_due=worker.due(2), passed=passed))
        worker.settle(Lease("task", worker.due(1), worker.row().token, 0, worker.owner))
        worker.store.control("task", {"next_due": worker.begin})

        assert worker.take(worker.tick(0)) is not None
