"""What is forgotten of runs that have ended, and what never is."""

from collections.abc import Callable

from ostinato._lease import Retention, Skipped
from ostinato._outcomes import Outcome, SkipReason
from ostinato.errors import OstinatoError, TaskInUseError, TaskNotFoundError
from ostinato.testing._store_contract._cluster import PERIOD, Cluster, SharedStore

__all__ = ["HistoryClauses"]

Factory = Callable[[], SharedStore]
_HOUR = 3_600_000


class HistoryClauses:
    """Pruning."""

    def test_s77_failures_are_kept_for_longer(self, store_factory: Factory) -> None:
        """S77: the latest of those before the latest runs; what was counted stays counted."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        failed = {0: Outcome.FAILED, 1: Outcome.TIMED_OUT, 2: Outcome.FAILED, 5: Outcome.FAILED}
        for number in range(8):
            worker.settle(worker.take_tick(number), failed.get(number, Outcome.SUCCEEDED))

        assert worker.store.prune(Retention(2, failures=2)) == 4
        assert worker.store.prune(Retention(2, failures=2)) == 0

        kept = [(2, "failed"), (5, "failed"), (6, "succeeded"), (7, "succeeded")]
        assert worker.history() == kept
        assert [run._due for run in worker.store.runs("task", 3)] == [
            worker.due(number) for number in (7, 6, 5)
        ]
        assert worker.store.summary()["task"] == {"succeeded": 4, "failed": 3, "timed_out": 1}
        assert worker.store.prune(Retention(1)) == 3
        assert worker.history() == [(7, "succeeded")]

    def test_s77_what_is_old_is_forgotten(self, store_factory: Factory) -> None:
        """S77: by when it ended, or was skipped; a failure too, and never a run under way."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task", "other")
        other = worker.take(worker.tick(0, name="other"))
        assert other is not None
        for number in range(2):
            worker.settle(worker.take_tick(number), Outcome.FAILED)
        passed = Skipped(worker.due(2), worker.due(3), 2, SkipReason.OVERLAP)
        worker.take(worker.tick(2, due=None, next_due=worker.due(98), passed=passed))
        worker.settle(worker.take_tick(98))
        old = cluster.now() - worker.due(50)

        assert worker.store.prune(Retention(100, failures=100, age=old)) == 3

        assert worker.history() == [(98, "succeeded")]
        assert worker.store.summary()["task"] == {
            "failed": 2,
            "skipped(overlap)": 2,
            "succeeded": 1,
        }
        assert worker.settle(other)

    def test_s77_one_worker_prunes_for_all(self, store_factory: Factory) -> None:
        """S77: once in the time that is given, in each namespace by itself."""
        cluster = Cluster(store_factory)
        workers = [cluster.worker(), cluster.worker()]
        elsewhere = cluster.worker(f"{cluster.namespace}-b")
        for each in (workers[0], elsewhere):
            each.register("task")
            for number in range(3):
                each.settle(each.take_tick(number))

        pruned = [each.store.prune(Retention(1), every=_HOUR) for each in (*workers, elsewhere)]

        assert pruned == [2, 0, 2]
        workers[0].settle(workers[0].take_tick(3))
        assert workers[0].store.prune(Retention(1), every=_HOUR) == 0
        assert {each.id for each in workers[0].store.read().workers} == {workers[0].owner}

    def test_s77_no_tick_is_granted_again_though_it_was_forgotten(
        self, store_factory: Factory
    ) -> None:
        """S77, S76: the row tells what was run, whatever the history holds."""
        cluster = Cluster(store_factory)
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task")
        claims = [worker.tick(number) for number in range(3)]
        for claim in claims:
            lease = worker.take(claim)
            assert lease is not None
            worker.settle(lease)

        assert worker.store.prune(Retention(1, age=PERIOD // 1_000)) == 3

        assert [other.take(claim) for claim in claims] == [None, None, None]
        assert other.take(worker.tick(3))

    def test_s88_a_task_that_nobody_declares_can_be_forgotten(self, store_factory: Factory) -> None:
        """S88: with its history, once its workers have left; declared again, it begins anew."""
        cluster = Cluster(store_factory)
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task", "kept")
        token, seen_at = worker.row().token, worker.row().seen_at
        worker.settle(worker.take_tick(0))
        assert 0 < seen_at <= worker.store.read().now
        assert _refused(other.store, "task") is TaskInUseError

        worker.store.close()
        other.store.forget("task")

        assert set(other.store.read().rows) == {"kept"}
        assert other.history() == []
        assert not other.store.summary().get("task")
        assert _refused(other.store, "task") is TaskNotFoundError
        other.register("task")
        assert other.row().next_due == other.due(0)
        assert other.take_tick(0).token > token

    def test_s88_a_worker_that_lives_on_is_seen(self, store_factory: Factory) -> None:
        """S88: its tasks are no orphans, however long ago it has declared them."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        begun = worker.register("task").seen_at

        cluster.wait_until(cluster.now() + 10)
        worker.store.prune(Retention(1), every=2)

        assert worker.row().seen_at > begun


def _refused(store: SharedStore, name: str) -> type[OstinatoError] | None:
    """Return with what *store* refuses to forget a task; without pytest, which may be missing."""
    try:
        store.forget(name)
    except OstinatoError as error:
        return type(error)
    return None
