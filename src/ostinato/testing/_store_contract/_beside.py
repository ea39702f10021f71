"""Runs of one task side by side, each with a lease of its own."""

from collections.abc import Callable

from ostinato._lease import Lease
from ostinato._outcomes import Outcome, RunKind
from ostinato.testing._store_contract._cluster import (
    LONG,
    SHORT,
    Cluster,
    SharedStore,
    Worker,
    ended,
)

__all__ = ["BesideClauses"]

Factory = Callable[[], SharedStore]


class BesideClauses:
    """What changes where runs may overlap."""

    def test_s31_runs_side_by_side_have_leases_of_their_own(self, store_factory: Factory) -> None:
        """S31: up to the limit; each is renewed and settled by its token."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        first, second = (_beside(worker, number, 2) for number in range(2))
        assert first is not None
        assert second is not None
        assert _beside(worker, 2, 2) is None
        assert worker.take(worker.manual(concurrency=2)) is None
        assert worker.row().held is None
        assert set(worker.row().beside.values()) == {first, second}

        pairs = [("task", first.token), ("task", second.token)]
        assert worker.store.renew(pairs, 2 * LONG) == set(pairs)
        assert worker.row().beside[first.token].until > first.until
        assert worker.settle(first, concurrency=2)
        assert worker.settle(first, concurrency=2)
        third = _beside(worker, 2, 2)
        assert third is not None
        assert worker.store.renew(pairs, LONG) == {pairs[1]}
        assert worker.take(worker.tick(3)) is None
        assert _beside(worker, 3, None) is not None
        assert worker.history() == [(0, "succeeded")]

    def test_s35_a_dead_run_frees_its_place_beside_others(self, store_factory: Factory) -> None:
        """S35: when its lease has expired; the live ones keep theirs."""
        cluster = Cluster(store_factory)
        dead, other = cluster.worker(), cluster.worker()
        dead.register("task")
        lost, kept = _beside(dead, 0, 2, SHORT), _beside(dead, 1, 2)
        assert lost is not None
        assert kept is not None
        cluster.wait_until(lost.until)

        assert _beside(other, 2, 2) is not None

        assert dead.store.renew([("task", lost.token)], LONG) == set()
        assert not dead.settle(lost, concurrency=2)
        assert dead.settle(kept, concurrency=2)
        assert other.history() == [(0, "abandoned"), (1, "succeeded")]

    def test_s35_dead_runs_are_listed_in_the_order_they_were_begun(
        self, store_factory: Factory
    ) -> None:
        """S35: whenever they were due, where one claim finds several of them."""
        cluster = Cluster(store_factory)
        dead, other = cluster.worker(), cluster.worker()
        dead.register("task")
        first = dead.take(dead.tick(1, expected=dead.begin, concurrency=2), SHORT)
        dead.store.control("task", {"next_due": dead.begin})
        second = _beside(dead, 0, 2, SHORT)
        assert first is not None
        assert second is not None
        cluster.wait_until(max(first.until, second.until))

        assert (
            other.take(other.tick(1, due=other.due(2), next_due=other.due(3), concurrency=2))
            is not None
        )

        assert other.history() == [(1, "abandoned"), (0, "abandoned")]

    def test_s86_a_run_beside_a_tick_leaves_its_lease_alone(self, store_factory: Factory) -> None:
        """S86: neither loses its lease to the other, nor its end."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        lease = worker.take_tick(0)
        by_hand = worker.take(worker.manual(concurrency=None))
        assert by_hand is not None

        pairs = {("task", lease.token), ("task", by_hand.token)}
        assert worker.store.renew(list(pairs), LONG) == pairs
        assert worker.settle(lease)
        assert worker.store.renew(list(pairs), LONG) == {("task", by_hand.token)}
        assert worker.take(worker.tick(1)) is None
        run = ended(by_hand, Outcome.SUCCEEDED, worker.namespace, RunKind.MANUAL)
        assert worker.settle(by_hand, run=run, concurrency=None)
        assert worker.take(worker.tick(1)) is not None


def _beside(
    worker: Worker, number: int, concurrency: int | None, lease: int = LONG
) -> Lease | None:
    return worker.take(worker.tick(number, concurrency=concurrency), lease)
