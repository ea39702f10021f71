"""What a store remembers: the tasks it is told of, how they are steered, how their runs ended."""

from collections.abc import Callable

from ostinato._lease import Registration, Retention, Skipped
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._run import Run
from ostinato.errors import TaskNotFoundError
from ostinato.testing._store_contract._cluster import LONG, SPEC, Cluster, SharedStore

__all__ = ["MemoryClauses"]

Factory = Callable[[], SharedStore]


class MemoryClauses:
    """Registration, steering, history."""

    def test_s18_a_known_task_keeps_what_it_stands_at(self, store_factory: Factory) -> None:
        """S18: its anchor and its next instant, over every restart of every worker."""
        cluster = Cluster(store_factory)
        first, second = cluster.worker(), cluster.worker()
        first.register("task")
        first.settle(first.take_tick(0))
        later = Registration("task", SPEC, first.due(50))

        reply = second.store.register([later, Registration("over", SPEC, None)])

        row = reply.rows["task"]
        assert (row.next_due, row.anchor, row.starts) == (first.due(1), first.begin, 1)
        assert (row.spec, row.schedule) == (SPEC, None)
        assert (reply.rows["over"].next_due, reply.rows["over"].anchor) == (None, None)
        assert set(second.store.read().rows) == {"task", "over"}
        assert set(second.store.read(["over", "unknown"]).rows) == {"over"}

    def test_s19_another_declaration_begins_anew(self, store_factory: Factory) -> None:
        """S19: at its own first instant; who declared it before gets no tick any more."""
        cluster = Cluster(store_factory)
        old, new = cluster.worker(), cluster.worker()
        old.register("task")
        old.store.control("task", {"schedule": "every 3 s", "next_due": old.due(3)})
        assert old.row().schedule == "every 3 s"

        row = new.store.register([Registration("task", "every 2 s", new.due(5))]).rows["task"]

        assert (row.spec, row.schedule, row.next_due, row.anchor) == (
            *("every 2 s", None),
            new.due(5),
            new.due(5),
        )
        assert old.take(old.tick(5)) is None
        assert new.take(new.tick(5, spec="every 2 s")) is not None

    def test_s9_a_renamed_task_takes_over_its_state(self, store_factory: Factory) -> None:
        """S9: its row, its history and its counts, once; where there was none, it begins."""
        worker = Cluster(store_factory).worker()
        worker.register("old")
        lease = worker.take(worker.tick(0, name="old"))
        assert lease is not None
        worker.settle(lease)
        worker.store.prune(Retention(0))
        lease = worker.take(worker.tick(1, name="old"))
        assert lease is not None
        worker.settle(lease)

        row = worker.register("new", formerly=("older", "old"))
        other = worker.register("other", formerly=("none",))
        again = worker.register("another", formerly=("old",))

        assert (row.name, row.next_due, row.starts, row.token) == (
            *("new", worker.due(2), 2),
            lease.token,
        )
        assert (other.starts, again.starts) == (0, 0)
        assert set(worker.store.read().rows) == {"new", "other", "another"}
        assert worker.history("new") == [(1, "succeeded")]
        assert worker.history("old") == []
        assert worker.store.summary()["new"] == {"succeeded": 2}
        assert worker.take(worker.tick(2, name="new")) is not None

    def test_s92_what_steers_a_task_is_kept(self, store_factory: Factory) -> None:
        """S92: for every worker; each change raises the revision, one of nothing known fails."""
        cluster = Cluster(store_factory)
        worker, other = cluster.worker(), cluster.worker()
        before = worker.register("task").config_rev
        until = worker.due(9)
        pause = {"paused": True, "paused_reason": "tired", "paused_until": until}

        worker.store.control("task", pause)
        row = other.row()
        assert (row.paused, row.paused_reason, row.paused_until) == (True, "tired", until)
        assert row.config_rev == before + 1
        over = {"paused": False, "paused_reason": None, "paused_until": None}
        back = worker.store.control("task", {**over, "failures_in_row": 0, "anchor": worker.due(2)})
        assert (back.paused, back.paused_reason, back.paused_until) == (False, None, None)
        assert (back.anchor, back.config_rev) == (worker.due(2), before + 2)
        unknown = ""
        try:
            worker.store.control("unknown", pause)
        except TaskNotFoundError as error:
            unknown = error.task_name
        assert unknown == "unknown"

    def test_s21_a_repair_is_a_compare_and_swap(self, store_factory: Factory) -> None:
        """S21: of the next instant; who comes second changes nothing, and learns the row."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        repair = {"expected": worker.begin, "next_due": worker.due(7), "anchor": worker.due(7)}

        first = worker.store.control("task", repair)
        assert (first.next_due, first.anchor) == (worker.due(7), worker.due(7))
        revision, was_steered = first.config_rev, first.was_steered
        # Of two that write the same, too, one has.
        again = worker.store.control("task", repair)
        second = worker.store.control("task", {**repair, "next_due": worker.due(8)})

        assert (second.next_due, second.config_rev) == (worker.due(7), revision)
        assert was_steered
        assert not again.was_steered
        assert not second.was_steered

    def test_s83_workers_are_told_apart_by_their_ids(self, store_factory: Factory) -> None:
        """S83: host and process are labels; the tasks may be registered in slices."""
        cluster = Cluster(store_factory)
        one, two = cluster.worker(), cluster.worker()
        one.register("a", "b")
        one.register("c")
        two.register("a")

        workers = {each.id: each for each in two.store.read().workers}

        assert set(workers) == {one.owner, two.owner}
        assert (workers[one.owner].tasks, workers[two.owner].tasks) == (3, 1)
        assert workers[one.owner].pid > 0
        assert workers[one.owner].host
        assert workers[one.owner].started <= workers[one.owner].seen
        assert two.store.read(["a"]).workers == ()
        cluster.wait_until(workers[one.owner].seen + 5)
        one.store.renew([], LONG)
        seen = {each.id: each.seen for each in two.store.read().workers}
        assert seen[one.owner] > workers[one.owner].seen

    def test_s99_a_run_is_read_as_it_was_told(self, store_factory: Factory) -> None:
        """S99: its instants, its outcome, its error's text, what it said of its progress."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        lease = worker.take_tick(0)
        run = Run("task", lease.due, worker.namespace, token=lease.token, start_at=lease.due + 10)
        run._started, run._finished = lease.due + 40.0, lease.due + 90.0
        run.outcome, run.error, run.attempt = Outcome.FAILED, "ValueError: \u00e9\u4e16'; --", 3
        run.progress(0.5, message="half of it")
        assert worker.settle(lease, run=run)

        (read,) = worker.store.runs("task", 10)

        assert (read.id, read.due, read.started, read.finished) == (
            *(run.id, run.due, run.started),
            run.finished,
        )
        assert (read.outcome, read.error, read.attempt, read.token, read.kind) == (
            *(run.outcome, run.error, 3),
            *(lease.token, RunKind.TICK),
        )
        assert (read.lateness, read.duration) == (run.lateness, run.duration)
        assert (read.progressed, read.message, read.count) == (0.5, "half of it", 1)

    def test_s77_what_is_forgotten_stays_counted(self, store_factory: Factory) -> None:
        """S77, S29: the latest records stay; runs under way are not forgotten, nor their leases."""
        worker = Cluster(store_factory).worker()
        worker.register("task", "other")
        for number in range(5):
            worker.settle(worker.take_tick(number))
        passed = Skipped(worker.due(5), worker.due(6), 2, SkipReason.OVERLAP)
        worker.take(worker.tick(5, due=None, next_due=worker.due(7), passed=passed))
        other = worker.take(worker.tick(0, name="other"))
        assert other is not None
        under_way = worker.take_tick(7)

        assert worker.store.prune(Retention(2)) == 4
        assert worker.store.prune(Retention(2)) == 0

        assert worker.history() == [(4, "succeeded"), (5, "2 skipped(overlap)")]
        assert worker.settle(under_way)
        assert worker.settle(other)
        assert worker.store.summary() == {
            "task": {"succeeded": 6, "skipped(overlap)": 2},
            "other": {"succeeded": 1},
        }
        assert worker.store.prune(Retention(0)) == 4
        assert worker.history() == []
        assert worker.store.summary()["task"] == {"succeeded": 6, "skipped(overlap)": 2}
        assert worker.take(worker.tick(8)) is not None

    def test_runs_are_listed_with_the_newest_first(self, store_factory: Factory) -> None:
        """S77: as many as are asked for; those recorded by hand among them."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        for number in range(3):
            worker.settle(worker.take_tick(number))
            cluster.wait_until(cluster.now() + 2)
        by_hand = Run("task", worker.due(3), worker.namespace, RunKind.BACKFILL)
        by_hand.outcome = Outcome.SUCCEEDED
        worker.store.record([by_hand])

        assert [run._due for run in worker.store.runs("task", 2)] == [by_hand._due, worker.due(2)]
        assert worker.store.runs("task", 0) == []
        assert worker.store.runs("unknown", 5) == []

    def test_s71_a_store_can_be_opened_again(self, store_factory: Factory) -> None:
        """S71, S73: what it knows, it knows then too; closing twice does no harm."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        lease = worker.take_tick(0)
        worker.store.close()
        worker.store.close()

        worker.store.open(worker.namespace, "another", cluster.clock)

        assert worker.row().held == lease
        assert worker.take(worker.tick(1)) is None
