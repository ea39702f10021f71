"""Which of two declarations of one task counts, while workers that know either come and go."""

from collections.abc import Callable
from typing import Any

from ostinato._lease import Registration, TaskRow
from ostinato._outcomes import Outcome
from ostinato.testing._store_contract._cluster import (
    LONG,
    SHORT,
    SPEC,
    Cluster,
    SharedStore,
    Worker,
    ended,
)

__all__ = ["DeclarationClauses"]

Factory = Callable[[], SharedStore]
# In milliseconds: short, and longer than a busy machine takes for what is done in it.
GRACE = 400
OLD, NEW = SPEC, "every 2 s"


class DeclarationClauses:
    """S19 over deploys: the gate of the claims."""

    def test_a_worker_that_ends_by_itself_has_left(self, store_factory: Factory) -> None:
        """Who is not seen any more, and has not left, is silent: others can tell."""
        cluster = Cluster(store_factory)
        leaving, staying = cluster.worker(), cluster.worker()
        leaving.register("task")
        staying.register("task")

        leaving.store.close()

        workers = staying.store.read().workers
        assert {each.id: each.has_left for each in workers} == {
            leaving.owner: True,
            staying.owner: False,
        }

    def test_s93_who_registers_for_one_run_is_no_worker(self, store_factory: Factory) -> None:
        """S93: nobody misses it when it is gone; what it has registered stays, and is nobody's."""
        cluster = Cluster(store_factory)
        passing, staying = cluster.worker(), cluster.worker()
        staying.register("other")

        row = _declare(passing, OLD, attends=False)
        lease = passing.take(passing.manual())

        workers = staying.store.read().workers
        assert [(each.id, each.tasks) for each in workers] == [(staying.owner, 1)]
        assert (row.spec, row.next_due) == (OLD, passing.begin)
        assert lease is not None
        assert passing.settle(lease, run=ended(lease, Outcome.SUCCEEDED, passing.namespace))
        # Whoever comes to stay may declare it otherwise at once.
        assert _declare(staying, NEW).spec == NEW

    def test_s19_a_worker_of_old_stands_down_in_a_deploy(self, store_factory: Factory) -> None:
        """S19: started again while a worker of the new declaration is there; it changes nothing."""
        cluster = Cluster(store_factory)
        _declare(cluster.worker(), OLD)
        new = cluster.worker()
        changed = _declare(new, NEW)
        assert changed.spec == NEW
        old = cluster.worker()

        row = _declare(old, OLD)

        assert (row.spec, row.next_due, row.config_rev) == (
            *(NEW, new.due(0)),
            changed.config_rev,
        )
        assert _declare(old, OLD).spec == NEW
        assert old.take(old.tick(0)) is None
        assert new.take(new.tick(0, spec=NEW)) is not None

    def test_s19_a_worker_may_think_better_of_it(self, store_factory: Factory) -> None:
        """S19: nobody else knows what it has declared before."""
        worker = Cluster(store_factory).worker()
        for spec in (OLD, NEW, OLD, NEW):
            assert _declare(worker, spec).spec == spec

    def test_s19_who_declares_anew_is_heard_by_those_who_poll(self, store_factory: Factory) -> None:
        """S19: they stand down before they ask for a tick."""
        cluster = Cluster(store_factory)
        old, new = cluster.worker(), cluster.worker()
        _declare(old, OLD)
        before = old.store.poll()

        _declare(new, NEW)

        assert old.store.poll() != before
        assert old.row().spec == NEW

    def test_s19_a_rollback_counts_once_the_others_have_left(self, store_factory: Factory) -> None:
        """S19: at once where they have said so; who was killed, after the grace."""
        cluster = Cluster(store_factory)
        _declare(cluster.worker(), OLD)
        new = cluster.worker()
        _declare(new, NEW)

        new.store.close()
        assert _declare(cluster.worker(), OLD).spec == OLD

        assert _declare(cluster.worker(), NEW).spec == OLD
        cluster.wait_until(cluster.now() + SHORT)
        assert _declare(cluster.worker(), NEW, grace=SHORT - 1).spec == NEW

    def test_s19_who_stands_down_takes_over_from_who_is_gone(self, store_factory: Factory) -> None:
        """S19: it watched for a grace, in which no other was seen; it may claim again then."""
        cluster = Cluster(store_factory)
        _declare(cluster.worker(), OLD)
        gone, watching = cluster.worker(), cluster.worker()
        _declare(gone, NEW)
        assert _declare(watching, OLD).spec == NEW
        gone.store.close()
        assert _declare(watching, OLD).spec == NEW

        row = _watch_until_over(cluster, watching)

        assert (row.spec, row.next_due) == (OLD, watching.due(0))
        assert watching.take(watching.tick(0)) is not None

    def test_s19_who_stands_down_takes_over_a_tick_that_nobody_runs(
        self, store_factory: Factory
    ) -> None:
        """S19: though the others are there; not one that is under way, nor one in a pause."""
        cluster = Cluster(store_factory)
        _declare(cluster.worker(), OLD)
        new, watching = cluster.worker(), cluster.worker()
        _declare(new, NEW)
        lease = new.take(new.tick(0, spec=NEW))
        assert lease is not None
        end = cluster.now() + 2 * GRACE
        while cluster.now() < end:
            assert _watch(cluster, watching, new).spec == NEW

        new.settle(lease)
        new.store.control("task", {"paused": True})
        assert _watch(cluster, watching, new).spec == NEW
        new.store.control("task", {"paused": False, "next_due": cluster.now() + LONG})
        assert _watch(cluster, watching, new).spec == NEW
        new.store.control("task", {"next_due": new.due(1)})
        assert _watch_until_over(cluster, watching, new).spec == OLD

    def test_s19_after_an_outage_everybody_comes_back_first(self, store_factory: Factory) -> None:
        """S19: who stands down was out of touch like the others, and watches for another grace."""
        cluster = Cluster(store_factory)
        _declare(cluster.worker(), OLD)
        new, watching = cluster.worker(), cluster.worker()
        _declare(new, NEW)
        _declare(watching, OLD, grace=GRACE)

        cluster.wait_until(cluster.now() + 2 * GRACE)

        watching.store.poll()
        assert _declare(watching, OLD, grace=GRACE).spec == NEW

    def test_s19_the_higher_revision_counts(self, store_factory: Factory) -> None:
        """S19: whoever comes last, and whatever counted before; equal ones say nothing."""
        cluster = Cluster(store_factory)
        two, three = cluster.worker(), cluster.worker()
        assert _declare(three, NEW, revision=3).spec == NEW

        assert _declare(cluster.worker(), NEW, revision=1).spec == NEW
        assert _declare(two, OLD, revision=2).spec == NEW
        three.store.close()
        assert _declare(cluster.worker(), OLD, revision=2).spec == NEW
        assert _declare(cluster.worker(), OLD, revision=4).spec == OLD
        assert _declare(cluster.worker(), "every 3 s", revision=4).spec == "every 3 s"
        assert _declare(cluster.worker(), NEW, revision=6).spec == NEW
        assert _declare(cluster.worker(), OLD, revision=5).spec == NEW
        assert _declare(two, OLD, revision=7).spec == OLD

    def test_s19_a_period_that_was_changed_counts_from_the_last_tick(
        self, store_factory: Factory
    ) -> None:
        """S19, S18: a deploy starts no run of its own, and leaves none out."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        _declare(worker, OLD)
        never = _declare(cluster.worker(), "every 3 s", period=3_000)
        assert never.next_due == worker.begin
        _declare(cluster.worker(), OLD, revision=1)
        worker.settle(worker.take_tick(0))
        long = 1_000_000

        row = _declare(cluster.worker(), "every 1000 s", period=long)
        assert (row.next_due, row.anchor) == (worker.begin + long, worker.begin + long)
        now = cluster.now()
        row = _declare(cluster.worker(), NEW, period=2_000)
        assert now <= (row.next_due or 0) <= cluster.now()
        assert row.anchor == row.next_due


def _declare(worker: Worker, spec: str, *, grace: int = LONG, **changes: Any) -> TaskRow:
    """Return the row of the task after *worker* has declared it."""
    task = Registration("task", spec, worker.begin, grace=grace)._replace(**changes)
    return worker.store.register([task]).rows["task"]


def _watch(cluster: Cluster, watching: Worker, *others: Worker) -> TaskRow:
    """Return the row after *watching* has declared it again, while *others* are seen."""
    cluster.wait_until(cluster.now() + GRACE // 10)
    for other in others:
        other.store.renew([], LONG)
    return _declare(watching, OLD, grace=GRACE)


def _watch_until_over(cluster: Cluster, watching: Worker, *others: Worker) -> TaskRow:
    """Return the row once *watching* has taken over."""
    rows = (_watch(cluster, watching, *others) for _ in range(1_000))
    return next(row for row in rows if row.spec == OLD)
