"""What changes when somebody steers a task: ticks that are passed over, and who hears of it."""

from collections.abc import Callable

from ostinato._lease import Lease, Settlement, Skipped
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._run import Run
from ostinato.testing._store_contract._cluster import (
    PERIOD,
    SHORT,
    Cluster,
    SharedStore,
    Worker,
    ended,
)

__all__ = ["SteeringClauses"]

Factory = Callable[[], SharedStore]


class SteeringClauses:
    """Ends that are no runs, or no ticks."""

    def test_s29_what_others_skipped_under_a_run_does_not_fall_due_again(
        self, store_factory: Factory
    ) -> None:
        """S29: the end of a run moves on from where its worker has left the row, or not at all."""
        cluster = Cluster(store_factory)
        worker, other = cluster.worker(), cluster.worker()
        worker.register("task")
        lease = worker.take_tick(0)
        passed = Skipped(worker.due(1), worker.due(2), 2, SkipReason.TOO_LATE)
        assert other.take(other.tick(1, due=None, next_due=other.due(3), passed=passed)) is None

        under = passed._replace(reason=SkipReason.OVERLAP)
        assert _settle_behind(worker, lease, under)

        assert worker.row().next_due == worker.due(3)
        assert sorted(worker.history()) == [(0, "succeeded"), (1, "2 skipped(too_late)")]
        again = worker.take_tick(3)
        under = Skipped(worker.due(4), worker.due(4), 1, SkipReason.OVERLAP)
        assert _settle_behind(worker, again, under)
        assert worker.row().next_due == worker.due(5)
        assert sorted(worker.history())[2:] == [(3, "succeeded"), (4, "1 skipped(overlap)")]

    def test_s29_a_tick_that_was_claimed_can_be_passed_over(self, store_factory: Factory) -> None:
        """S29: it is a skipped one then, and no start; told again, it is not counted again."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        worker.settle(worker.take_tick(0), Outcome.FAILED)
        for number in (1, 2):
            lease = worker.take_tick(number)
            assert _pass_over(worker, lease, moves=True, next_due=worker.due(number + 1))
            assert _pass_over(worker, lease)

        row = worker.row()
        assert (row.starts, row.held, row.failures_in_row) == (1, None, 1)
        assert (row.next_due, row.last_due) == (worker.due(3), worker.due(2))
        assert row.last_run is not None
        assert (row.last_run._due, row.last_run.outcome) == (worker.begin, Outcome.FAILED)
        assert worker.history() == [(0, "failed"), (1, "2 skipped(paused)")]
        assert worker.store.summary() == {"task": {"failed": 1, "skipped(paused)": 2}}
        assert worker.take(worker.tick(3, max_runs=2)) is not None

    def test_s31_one_of_several_can_be_passed_over(self, store_factory: Factory) -> None:
        """S31: its place is free again; the others keep theirs."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        first, second = (worker.take(worker.tick(each, concurrency=2)) for each in range(2))
        assert first is not None
        assert second is not None

        assert _pass_over(worker, first, concurrency=2)
        assert _pass_over(worker, first, concurrency=2)

        assert worker.row().beside == {second.token: second}
        assert worker.row().starts == 1
        assert worker.settle(second, concurrency=2)
        assert worker.history() == [(0, "1 skipped(paused)"), (1, "succeeded")]

    def test_s82_what_was_lost_cannot_be_passed_over(self, store_factory: Factory) -> None:
        """S82: another worker has recorded it as abandoned, whatever was skipped around it."""
        cluster = Cluster(store_factory)
        slow, other = cluster.worker(), cluster.worker()
        slow.register("task")
        _pass_over(slow, slow.take_tick(0))
        lease = slow.take_tick(1, SHORT)
        cluster.wait_until(lease.until)
        taken = other.take_tick(2)

        assert not _pass_over(slow, lease)

        assert other.row().held == taken
        assert other.row().starts == 2
        assert other.history() == [(0, "1 skipped(paused)"), (1, "abandoned")]

    def test_s65_what_is_started_by_hand_tells_nothing_of_the_schedule(
        self, store_factory: Factory
    ) -> None:
        """S65: it neither raises nor resets the failures in a row."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        failures: list[int] = []
        worker.settle(worker.take_tick(0), Outcome.FAILED)

        for outcome in (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.SUCCEEDED):
            lease = worker.take(worker.manual(f"by-hand-{outcome}"))
            assert lease is not None
            run = ended(lease, outcome, worker.namespace, RunKind.MANUAL)
            assert worker.settle(lease, run=run)
            failures.append(worker.row().failures_in_row)

        assert failures == [1, 1, 1]
        assert worker.row().last_success == worker.begin

    def test_s94_what_is_run_again_moves_nothing(self, store_factory: Factory) -> None:
        """S94: neither the ticks to come, nor the starts, nor a success that came later."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        worker.settle(worker.take_tick(0), Outcome.FAILED)
        worker.settle(worker.take_tick(1))
        before, successes = worker.row(), list[int | None]()

        for number in (0, 3):
            again = worker.manual(f"again-{number}", kind=RunKind.BACKFILL, due=worker.due(number))
            lease = worker.take(again)
            assert lease is not None
            run = ended(lease, Outcome.SUCCEEDED, worker.namespace, RunKind.BACKFILL)
            assert worker.settle(lease, run=run)
            successes.append(worker.row().last_success)

        after = worker.row()
        assert successes == [worker.due(1), worker.due(3)]
        assert (after.next_due, after.starts) == (before.next_due, before.starts)
        succeeded = [(number, "succeeded") for number in (0, 1, 3)]
        assert sorted(worker.history()) == [(0, "failed"), *succeeded]

    def test_s92_who_polls_hears_of_all_that_was_steered(self, store_factory: Factory) -> None:
        """S92: by a number that was never there before; of ticks it tells nothing."""
        cluster = Cluster(store_factory)
        one, two = cluster.worker(), cluster.worker()
        elsewhere = cluster.worker(f"{cluster.namespace}-other")
        one.register("task", "over")
        elsewhere.register("task")
        polls = [two.store.poll()]
        lease = one.take_tick(0)
        assert two.store.poll() == polls[0]

        changes: list[Callable[[], object]] = [
            lambda: one.store.control("task", {"paused": True}),
            lambda: two.store.control("over", {"paused": True}),
            lambda: one.store.control("task", {"cancel_requested": lease.token}),
            lambda: one.settle(lease, pause="enough"),
        ]
        for change in changes:
            change()
            polls.append(two.store.poll())

        assert len(set(polls)) == 5
        elsewhere.store.control("task", {"paused": True})
        one.store.control("task", {"expected": one.begin, "paused": False})
        assert two.store.poll() == polls[-1]
        assert two.store.poll() == one.store.poll()

    def test_s92_who_polls_is_seen(self, store_factory: Factory) -> None:
        """S92: as who renews is."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        seen = worker.store.read().workers[0].seen

        worker.store.poll()
        cluster.wait_until(seen + 5)
        worker.store.close()
        worker.store.open(worker.namespace, worker.owner, cluster.clock)
        worker.store.poll()

        assert worker.store.read().workers[0].seen >= seen + 5


def _settle_behind(worker: Worker, lease: Lease, passed: Skipped) -> bool:
    following = passed.last + PERIOD
    return worker.settle(
        lease, moves=True, expected=passed.first, next_due=following, passed=passed
    )


def _pass_over(
    worker: Worker,
    lease: Lease,
    *,
    moves: bool = False,
    next_due: int | None = None,
    concurrency: int | None = 1,
) -> bool:
    record = Run.of_skipped(
        *(lease.name, worker.namespace),
        first=lease.due,
        last=lease.due,
        count=1,
        reason=SkipReason.PAUSED,
    )
    record.token = lease.token
    told = Settlement(record, moves, next_due, concurrency=concurrency)
    return worker.store.settle([told])[0] is not None
