"""Who gets a tick, and who learns what instead."""

from collections.abc import Callable

from ostinato._lease import Skipped
from ostinato._outcomes import SkipReason
from ostinato.testing._store_contract._cluster import LONG, Cluster, SharedStore

__all__ = ["ClaimClauses"]

Factory = Callable[[], SharedStore]


class ClaimClauses:
    """I1, I2 and I6: what a claim asks of the row, and what it changes."""

    def test_s76_a_tick_is_granted_once(self, store_factory: Factory) -> None:
        """S76: the row moves on with the claim, and the loser learns the row in its reply."""
        cluster = Cluster(store_factory)
        winner, loser = cluster.worker(), cluster.worker()
        winner.register("task")

        lease = winner.take(winner.tick(0))
        reply = loser.store.claim([loser.tick(0)], LONG)

        assert lease is not None
        assert (lease.name, lease.due, lease.owner) == ("task", winner.begin, winner.owner)
        assert reply.leases == []
        row = reply.rows["task"]
        assert (row.next_due, row.token, row.held) == (winner.due(1), lease.token, lease)
        assert (row.starts, row.last_due) == (1, winner.begin)
        assert abs(cluster.now() - reply.now) < LONG

    def test_s75_a_row_is_asked_for_the_instant_it_holds(self, store_factory: Factory) -> None:
        """S75: a worker that believes in another instant gets nothing, and moves nothing."""
        worker = Cluster(store_factory).worker()
        worker.register("task")

        assert worker.take(worker.tick(1)) is None
        assert worker.take(worker.tick(0, expected=worker.due(-1))) is None
        assert worker.take(worker.tick(0, expected=None)) is None
        assert worker.row().next_due == worker.begin

    def test_s78_no_tick_is_granted_before_it_is_due(self, store_factory: Factory) -> None:
        """S78: by the store's clock; nor is one skipped that is still to come."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        coming = cluster.now() + LONG
        worker.register("task")
        worker.store.control("task", {"next_due": coming})
        skipped = Skipped(coming, coming, 1, SkipReason.OVERLAP)

        early = worker.tick(0, expected=coming, due=coming, next_due=coming + 1)
        assert worker.take(early) is None
        worker.take(early._replace(due=None, passed=skipped))
        assert worker.row().next_due == coming
        worker.store.control("task", {"next_due": worker.begin})
        assert worker.take(worker.tick(0, due=coming, next_due=coming + 1)) is None
        assert worker.row().next_due == worker.begin

    def test_s92_a_paused_task_gets_no_tick(self, store_factory: Factory) -> None:
        """S92: by its pause alone; its ticks may be skipped."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        worker.store.control("task", {"paused": True, "paused_reason": "tired"})
        passed = Skipped(worker.begin, worker.begin, 1, SkipReason.PAUSED)

        assert worker.take(worker.tick(0)) is None
        assert worker.row().next_due == worker.begin
        assert worker.take(worker.tick(0, due=None, passed=passed)) is None
        assert worker.row().next_due == worker.due(1)
        worker.store.control("task", {"paused": False})
        assert worker.take(worker.tick(1)) is not None

    def test_s19_another_declaration_gets_no_tick(self, store_factory: Factory) -> None:
        """S19: nor a manual run, nor may it skip one."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        passed = Skipped(worker.begin, worker.begin, 1, SkipReason.OVERLAP)

        assert worker.take(worker.tick(0, spec="every 2 s")) is None
        assert worker.take(worker.manual(spec="every 2 s")) is None
        worker.take(worker.tick(0, spec="every 2 s", due=None, passed=passed))
        assert worker.row().next_due == worker.begin
        assert worker.history() == []

    def test_s88_what_nobody_has_registered_is_not_granted(self, store_factory: Factory) -> None:
        """S88: there is no row to tell of."""
        worker = Cluster(store_factory).worker()

        reply = worker.store.claim([worker.tick(0, name="unknown")], LONG)

        assert (reply.leases, reply.rows) == ([], {})

    def test_s88_namespaces_know_nothing_of_each_other(self, store_factory: Factory) -> None:
        """S88: the same name is another task there, with its own token, history and pause."""
        cluster = Cluster(store_factory)
        here, there = cluster.worker(), cluster.worker(f"{cluster.namespace}-other")
        here.register("task")
        there.register("task")
        before = there.row().token

        mine = here.take_tick(0)
        here.store.control("task", {"paused_reason": "here"})
        assert (there.row().next_due, there.row().token) == (there.begin, before)
        assert there.row().paused_reason is None
        theirs = there.take_tick(0)
        assert here.settle(mine)

        assert here.row().held is None
        assert there.row().held == theirs
        assert there.store.renew([("task", theirs.token)], LONG) == {("task", theirs.token)}
        assert there.history() == []
        assert there.store.summary().get("task", {}) == {}
        assert set(there.store.read().rows) == {"task"}
        assert [each.id for each in there.store.read().workers] == [there.owner]

    def test_a_batch_is_granted_task_by_task(self, store_factory: Factory) -> None:
        """S89: each wins or loses for itself; the reply has the rows of all."""
        worker = Cluster(store_factory).worker()
        names = [f"task-{number}" for number in range(5)]
        worker.register(*names)
        worker.store.control("task-3", {"paused": True})
        claims = [worker.tick(0, name=name) for name in names]
        claims[1] = claims[1]._replace(spec="another")

        reply = worker.store.claim(claims, LONG)

        assert sorted(lease.name for lease in reply.leases) == ["task-0", "task-2", "task-4"]
        assert set(reply.rows) == set(names)
        assert {lease.name: lease.token for lease in reply.leases} == {
            name: reply.rows[name].token for name in ("task-0", "task-2", "task-4")
        }

    def test_each_of_a_batch_is_asked_the_same(self, store_factory: Factory) -> None:
        """S76, S89: whatever keeps a claim from being granted does so among others."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        elsewhere = cluster.worker(f"{cluster.namespace}-other")
        names = ["again", "dead", "early", "free", "full", "heirs", "late", "leased", "paused"]
        names += ["skips", "spec"]
        worker.register(*names, "beside")
        elsewhere.register(*names)
        coming = cluster.now() + LONG
        worker.store.control("paused", {"paused": True})
        worker.store.control("early", {"next_due": coming})
        again = worker.take(worker.tick(name="again"))
        assert again is not None
        assert worker.settle(again)
        worker.store.control("again", {"next_due": worker.begin})
        for name, length in (("leased", LONG), ("dead", 0), ("heirs", 0)):
            assert worker.take(worker.tick(-1, name=name, expected=worker.begin), length)
            worker.store.control(name, {"next_due": worker.begin})
        assert worker.take(worker.tick(name="beside", concurrency=2))
        cluster.wait_until(cluster.now() + 2)
        claims = {name: worker.tick(name=name) for name in (*names, "beside")}
        passed = Skipped(worker.begin, worker.begin, 1, SkipReason.COALESCED)
        claims["beside"] = worker.tick(1, name="beside")
        claims["early"] = claims["early"]._replace(expected=coming)
        claims["full"] = claims["full"]._replace(max_runs=0)
        claims["heirs"] = claims["heirs"]._replace(reruns=True)
        claims["late"] = claims["late"]._replace(due=coming)
        claims["skips"] = worker.tick(name="skips", due=worker.due(1), passed=passed)
        claims["spec"] = claims["spec"]._replace(spec="another")

        reply = worker.store.claim(list(claims.values()), LONG)

        assert {lease.name for lease in reply.leases} == {"dead", "free", "skips"}
        for lease in reply.leases:
            assert reply.rows[lease.name].held == lease
            assert reply.rows[lease.name].next_due == claims[lease.name].next_due
            assert worker.settle(lease)
        assert worker.history("again") == [(0, "succeeded"), (0, "1 skipped(already_run)")]
        assert worker.history("dead") == [(-1, "abandoned"), (0, "succeeded")]
        assert worker.history("skips") == [(0, "1 skipped(coalesced)"), (1, "succeeded")]
        assert {row.starts for row in elsewhere.store.read().rows.values()} == {0}

    def test_s82_the_token_rises_with_every_claim(self, store_factory: Factory) -> None:
        """S82: strictly, from the time of the first registration on."""
        worker = Cluster(store_factory).worker()
        row = worker.register("task")
        tokens = [row.token]

        for number in range(5):
            lease = worker.take_tick(number)
            tokens.append(lease.token)
            worker.settle(lease)

        assert abs(tokens[0] - worker.due(100)) < LONG
        assert tokens == list(range(tokens[0], tokens[0] + 6))

    def test_s24_what_was_passed_over_is_recorded_with_the_claim(
        self, store_factory: Factory
    ) -> None:
        """S24, S29: once, as a range; who loses records nothing."""
        cluster = Cluster(store_factory)
        winner, loser = cluster.worker(), cluster.worker()
        winner.register("task")
        passed = Skipped(winner.begin, winner.due(3), 4, SkipReason.COALESCED)
        claim = winner.tick(0, due=winner.due(4), next_due=winner.due(5), passed=passed)

        lease = winner.take(claim)
        assert loser.take(claim) is None

        assert lease is not None
        assert lease.due == winner.due(4)
        assert winner.history() == [(0, "4 skipped(coalesced)")]
        assert winner.settle(lease)
        assert winner.history() == [(0, "4 skipped(coalesced)"), (4, "succeeded")]
        (_, record) = winner.store.runs("task", 2)
        assert (record.last_due - record.due).total_seconds() == 3
        assert winner.store.summary() == {"task": {"skipped(coalesced)": 4, "succeeded": 1}}

    def test_a_claim_that_only_skips_takes_no_lease(self, store_factory: Factory) -> None:
        """S26: it counts no start, and is granted under a run; once, although asked for twice."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        lease = worker.take_tick(0)
        passed = Skipped(worker.due(1), worker.due(2), 2, SkipReason.OVERLAP)
        claim = worker.tick(1, due=None, next_due=worker.due(3), passed=passed)

        assert worker.take(claim) is None
        assert worker.take(claim) is None

        row = worker.row()
        assert (row.next_due, row.starts, row.token, row.held) == (
            *(worker.due(3), 1, lease.token),
            lease,
        )
        assert worker.history() == [(1, "2 skipped(overlap)")]

    def test_s29_ranges_of_one_reason_in_a_row_are_one_record(self, store_factory: Factory) -> None:
        """S29: with their count; another reason begins another."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        reasons = [SkipReason.OVERLAP, SkipReason.OVERLAP, SkipReason.PAUSED, SkipReason.OVERLAP]

        for number, reason in enumerate(reasons):
            due = worker.due(number)
            skipped = Skipped(due, due, 1, reason)
            worker.take(worker.tick(number, due=None, passed=skipped))

        assert worker.history() == [
            (0, "2 skipped(overlap)"),
            (2, "1 skipped(paused)"),
            (3, "1 skipped(overlap)"),
        ]
        assert worker.store.summary()["task"] == {"skipped(overlap)": 3, "skipped(paused)": 1}

    def test_s91_starts_are_counted_in_the_claim(self, store_factory: Factory) -> None:
        """S91: up to the limit; skipping is no start, and a manual run is none."""
        worker = Cluster(store_factory).worker()
        worker.register("task")
        for number in range(2):
            lease = worker.take(worker.tick(number, max_runs=2))
            assert lease is not None
            worker.settle(lease)
        by_hand = worker.take(worker.manual())
        assert by_hand is not None
        worker.settle(by_hand)

        assert worker.take(worker.tick(2, max_runs=2)) is None
        passed = Skipped(worker.due(2), worker.due(2), 1, SkipReason.LIMIT)
        worker.take(worker.tick(2, max_runs=2, due=None, next_due=None, passed=passed))

        assert (worker.row().starts, worker.row().next_due) == (2, None)

    def test_s20_a_tick_that_the_history_holds_is_not_run_again(
        self, store_factory: Factory
    ) -> None:
        """S20: though a clock was set back: it is skipped, the row moves on, nothing is raised."""
        cluster = Cluster(store_factory)
        worker = cluster.worker()
        worker.register("task")
        for number in range(2):
            worker.settle(worker.take_tick(number))
        cluster.wait_until(cluster.now() + 2)
        worker.store.control("task", {"next_due": worker.begin})

        assert worker.take(worker.tick(0)) is None

        row = worker.row()
        assert (row.next_due, row.starts, row.held) == (worker.due(1), 2, None)
        assert row.last_due == worker.due(1)
        assert worker.history()[2:] == [(0, "1 skipped(already_run)")]
        worker.store.control("task", {"next_due": worker.due(2)})
        assert worker.take(worker.tick(2)) is not None

    def test_s18_the_last_tick_has_no_next(self, store_factory: Factory) -> None:
        """S18: the row holds none then, and no claim is granted any more."""
        worker = Cluster(store_factory).worker()
        worker.register("task")

        lease = worker.take(worker.tick(0, next_due=None))

        assert lease is not None
        assert worker.settle(lease)
        assert worker.row().next_due is None
        assert worker.take(worker.tick(0)) is None
