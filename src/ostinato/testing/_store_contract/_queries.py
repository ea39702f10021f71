"""What a store tells those who look."""

from collections.abc import Callable, Sequence
from typing import Any

from ostinato._lease import Claim, Lease, Progress, Skipped
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._queries import Wanted, place_of
from ostinato._run import Run
from ostinato.testing._store_contract._cluster import (
    LONG,
    PERIOD,
    SHORT,
    Cluster,
    SharedStore,
    Worker,
    ended,
)

__all__ = ["QueryClauses"]

Factory = Callable[[], SharedStore]


class QueryClauses:
    """How everything stands, pages of the history, single runs."""

    def test_who_looks_sees_the_runs_of_all_workers(self, store_factory: Factory) -> None:
        """A run under way is told of with its worker; a lease that has expired is of none."""
        cluster = Cluster(store_factory)
        one, other = cluster.worker(), cluster.worker()
        one.register("task", "beside", "idle")
        alone = one.take_tick(0)
        beside = [other.take(_beside(other, number)) for number in range(2)]
        elsewhere = cluster.worker(f"{cluster.namespace}-b")
        elsewhere.register("task")
        elsewhere.take_tick(0)

        seen = one.store.overview()

        assert set(seen.rows) == {"task", "beside", "idle"}
        assert seen.now >= cluster.begin
        told = {(run.task_name, run._due, run.token, run.worker) for run in seen.running}
        assert told == {
            (lease.name, lease.due, lease.token, lease.owner)
            for lease in (alone, *beside)
            if lease is not None
        }
        assert {run.outcome for run in seen.running} == {None}
        assert [run.task_name for run in other.store.overview(["task"]).running] == ["task"]
        one.settle(alone)
        short = one.take_tick(1, SHORT)
        assert len(one.store.overview(["task"]).running) == 1
        cluster.wait_until(short.until)
        assert one.store.overview(["task"]).running == []

    def test_who_wants_a_run_to_end_is_seen(self, store_factory: Factory) -> None:
        """A run that is to end is told of as such."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        lease = worker.take(worker.manual(f"{worker.namespace}/task/by-hand"))
        assert lease is not None

        worker.store.control("task", {"cancel_requested": lease.token})

        run = worker.store.run(f"{worker.namespace}/task/by-hand")
        (seen,) = worker.store.overview().running
        assert run is not None
        assert run.cancelled.is_set()
        assert seen.cancelled.is_set()
        assert {(each.id, each.kind) for each in (run, seen)} == {(run.id, RunKind.MANUAL)}

    def test_what_runs_say_of_their_progress_is_told(self, store_factory: Factory) -> None:
        """With a heartbeat, of runs that are under way; the end of a run is what counts then."""
        cluster = Cluster(store_factory)
        one, other = cluster.worker(), cluster.worker()
        one.register("task", "beside")
        alone, beside = one.take_tick(0), one.take(_beside(one, 0))
        assert beside is not None
        pairs = [("task", alone.token), ("beside", beside.token)]
        told = [Progress("task", alone.token, 0.25, "half of it"), Progress(*pairs[1], 1.0)]

        kept = one.store.renew(pairs, SHORT * 10_000, told)
        one.store.renew(pairs, SHORT * 10_000, [Progress("task", alone.token + 7, 0.5)])

        said = {run.task_name: (run.progressed, run.message) for run in _running(other)}
        assert kept == set(pairs)
        assert said == {"task": (0.25, "half of it"), "beside": (1.0, None)}
        one.settle(alone)
        one.store.renew(pairs[1:], SHORT * 10_000, told)
        assert [run.task_name for run in _running(other)] == ["beside"]
        assert one.store.find(Wanted(1, "task"))[0].progressed is None

    def test_the_latest_records_of_many_tasks_are_told_at_once(
        self, store_factory: Factory
    ) -> None:
        """The latest of each, with the counts of all, of those that were asked for."""
        worker = Cluster(store_factory).worker()
        worker.register("task", "other", "idle")
        for number in range(4):
            worker.settle(worker.take_tick(number), Outcome.FAILED if number else Outcome.SUCCEEDED)
        _skip(worker, 4, 6)
        worker.settle(_taken(worker, "other"))

        every = worker.store.recent(None, 3)
        one = worker.store.recent(["task", "idle", "nobody"], 0)

        assert _numbers(worker, every["task"].runs) == [4, 3, 2]
        assert every["task"].runs[0].count == 3
        assert every["task"].counts == {"succeeded": 1, "failed": 3, "skipped(overlap)": 3}
        assert [run.outcome for run in every["other"].runs] == [Outcome.SUCCEEDED]
        assert list(one["task"].runs) == []
        assert one["task"].counts == every["task"].counts
        assert "other" not in one
        assert not any(one[name].counts for name in ("idle", "nobody") if name in one)

    def test_a_page_continues_behind_the_last_record_of_another(
        self, store_factory: Factory
    ) -> None:
        """Of one task or of all: each record once, the newest first, whatever comes meanwhile."""
        worker = Cluster(store_factory).worker()
        worker.register("task", "other")
        for number in range(3):
            worker.settle(worker.take_tick(number))
            worker.settle(_taken(worker, "other", number), Outcome.FAILED)
        _skip(worker, 3, 4)
        every = worker.store.find(Wanted(100))

        pages = [worker.store.find(Wanted(3))]
        worker.settle(worker.take_tick(5))
        pages += [worker.store.find(Wanted(3, before=place_of(pages[-1][-1])))]
        pages += [worker.store.find(Wanted(3, before=place_of(pages[-1][-1])))]

        assert len(every) == 7
        assert [run.cursor for page in pages for run in page] == [run.cursor for run in every]
        of_task = worker.store.find(Wanted(2, "task", before=place_of(every[0])))
        assert {run.task_name for run in of_task} == {"task"}
        assert _numbers(worker, of_task) == [2, 1]

    def test_each_record_of_many_tasks_is_on_one_page(self, store_factory: Factory) -> None:
        """Of more tasks than records on a page, many of which have ended at once."""
        worker = Cluster(store_factory).worker()
        names = [f"task {number}" for number in range(6)]
        worker.register(*names, "idle")
        for number in range(3):
            for name in names[number:]:
                worker.settle(_taken(worker, name, number))
        every = [run.cursor for run in worker.store.find(Wanted(100))]

        pages, place = list[str | None](), None
        while page := worker.store.find(Wanted(4, before=place)):
            pages += [run.cursor for run in page]
            place = place_of(page[-1])

        assert len(every) == 15
        assert pages == every

    def test_a_page_is_of_what_is_wanted(self, store_factory: Factory) -> None:
        """By outcome, and by when ticks were due; a range counts for each of its instants."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        for number in range(6):
            worker.settle(worker.take_tick(number), Outcome.FAILED if number % 2 else _GOOD)
        _skip(worker, 6, 9)

        def found(**wanted: Any) -> list[int]:
            told: dict[str, Any] = {"limit": 100, "name": "task", **wanted}
            runs = worker.store.find(Wanted(**told))
            return _numbers(worker, runs)

        assert found(outcomes=(Outcome.FAILED,)) == [5, 3, 1]
        assert found(outcomes=(Outcome.FAILED, Outcome.SKIPPED), limit=2) == [6, 5]
        assert found(since=worker.due(4)) == [6, 5, 4]
        assert found(since=worker.due(8)) == [6]
        assert found(since=worker.due(10)) == []
        assert found(since=worker.due(1), until=worker.due(3)) == [2, 1]
        assert found(limit=0) == []
        assert found(name="nobody") == []

    def test_a_run_is_found_by_its_id(self, store_factory: Factory) -> None:
        """That of a tick, one by hand, one under way; of others nothing is said."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        worker.settle(worker.take_tick(0), Outcome.FAILED)
        by_hand = worker.take(worker.manual(f"{worker.namespace}/task/by-hand"))
        assert by_hand is not None
        run = ended(by_hand, _GOOD, worker.namespace, RunKind.MANUAL)
        run._rarely.id = f"{worker.namespace}/task/by-hand"
        worker.settle(by_hand, run=run)
        lease = worker.take_tick(1)

        history = worker.store.find(Wanted(10, "task"))
        found = [worker.store.run(each.id) for each in history]
        tick = Run("task", lease.due, worker.namespace)
        under_way = worker.store.run(tick.id)

        assert [run and (run.id, run.cursor, run.outcome) for run in found] == [
            (run.id, run.cursor, run.outcome) for run in history
        ]
        assert under_way is not None
        assert (under_way.outcome, under_way.token, under_way.worker, under_way.cursor) == (
            *(None, lease.token, worker.owner, None),
        )
        later = Run("task", worker.due(7), worker.namespace).id
        strange = (
            later,
            later.replace("task", "x"),
            "",
            "x",
            f"{cluster.namespace}-b/task/by-hand",
        )
        assert [worker.store.run(each) for each in strange] == [None] * 5

    def test_workers_that_have_left_are_told_apart(self, store_factory: Factory) -> None:
        """Who has stopped has said so; who died is still there."""
        cluster = Cluster(store_factory)
        one, other = cluster.worker(), cluster.worker()
        one.register("task")
        other.register("task", "more")

        one.store.close()

        rows = {row.id: row for row in other.store.workers()}
        assert {key: (row.has_left, row.tasks) for key, row in rows.items()} == {
            one.owner: (True, 1),
            other.owner: (False, 2),
        }
        assert other.store.declared(LONG) == {other.owner: {"task", "more"}}

    def test_s88_what_each_worker_declares_is_told(self, store_factory: Factory) -> None:
        """S88: of those who were seen lately, and of no other namespace."""
        cluster = Cluster(store_factory)
        one, other = cluster.worker(), cluster.worker()
        one.register("task")
        one.register("more")
        other.register("another")
        stranger = cluster.worker(f"{cluster.namespace}-b")
        stranger.register("task")

        assert one.store.declared(LONG) == {
            one.owner: {"task", "more"},
            other.owner: {"another"},
        }
        seen = {row.id: row.seen for row in one.store.workers()}
        cluster.wait_until(seen[one.owner] + 20)
        other.store.renew([], LONG)
        assert stranger.store.declared(LONG) == {stranger.owner: {"task"}}
        assert one.store.declared(cluster.now() - seen[one.owner] - 5).keys() == {other.owner}


_GOOD = Outcome.SUCCEEDED


def _beside(worker: Worker, number: int) -> Claim:
    return worker.tick(number, name="beside", concurrency=2)


def _running(worker: Worker) -> Sequence[Run]:
    return worker.store.overview().running


def _taken(worker: Worker, name: str, number: int = 0) -> Lease:
    lease = worker.take(worker.tick(number, name=name))
    assert lease is not None
    return lease


def _skip(worker: Worker, first: int, last: int) -> None:
    """Pass over the ticks from *first* to *last* of the task."""
    number, following = last - first + 1, worker.due(last + 1)
    passed = Skipped(worker.due(first), worker.due(last), number, SkipReason.OVERLAP)
    worker.take(worker.tick(first, due=None, next_due=following, passed=passed))


def _numbers(worker: Worker, runs: Sequence[Run]) -> list[int]:
    return [(run._due - worker.begin) // PERIOD for run in runs]
