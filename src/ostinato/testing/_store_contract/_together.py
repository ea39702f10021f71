"""What is asked together: claims of many tasks, and the ends that go with them."""

from collections.abc import Callable

from ostinato._lease import Claim, Settlement
from ostinato._outcomes import Outcome
from ostinato.testing._store_contract._cluster import LONG, Cluster, SharedStore, Worker, ended

__all__ = ["TogetherClauses"]

Factory = Callable[[], SharedStore]


class TogetherClauses:
    """S76, S79, S82: what comes together is decided about as if it came one after the other."""

    def test_s76_what_refuses_one_claim_refuses_no_other(self, store_factory: Factory) -> None:
        """S76: whichever condition does not hold; the other is granted in the same call."""
        cluster = Cluster(store_factory)
        elsewhere = cluster.worker(f"{cluster.namespace}-other")
        for name, hinder in _HINDRANCES.items():
            worker = cluster.worker()
            worker.register(name, f"{name}-free")
            elsewhere.register(name, f"{name}-free")
            claim = hinder(worker, worker.tick(name=name))

            reply = worker.store.claim([claim, worker.tick(name=f"{name}-free")], LONG)

            assert [lease.name for lease in reply.leases] == [f"{name}-free"], name
            assert reply.rows[f"{name}-free"].held == reply.leases[0]
            assert reply.rows[name].starts == worker.row(name).starts
        assert {row.starts for row in elsewhere.store.read().rows.values()} == {0}

    def test_s79_what_has_ended_is_settled_with_the_next_claim(
        self, store_factory: Factory
    ) -> None:
        """S79: of the same task, too; asked again, it is what it was."""
        worker = Cluster(store_factory).worker()
        worker.register("task", "other")
        before = worker.take_tick(0)
        failed = Settlement(ended(before, Outcome.FAILED, worker.namespace))
        claims = [worker.tick(1), worker.tick(0, "other")]

        reply = worker.store.claim(claims, LONG, [failed])
        again = worker.store.claim(claims, LONG, [failed])

        assert {lease.name for lease in reply.leases} == {"task", "other"}
        assert again.leases == []
        for lease in reply.leases:
            assert again.rows[lease.name].held == reply.rows[lease.name].held == lease
        assert reply.rows["task"].failures_in_row == 1
        assert worker.history() == [(0, "failed")]

    def test_s82_a_lost_end_keeps_no_claim_from_being_granted(self, store_factory: Factory) -> None:
        """S82: whoever has the lease now keeps it; the claim that came along is another matter."""
        cluster = Cluster(store_factory)
        slow, heir = cluster.worker(), cluster.worker()
        slow.register("task", "other")
        lost = slow.take_tick(0, lease=0)
        cluster.wait_until(cluster.now() + 2)
        held = heir.take_tick(1)
        late = Settlement(ended(lost, Outcome.SUCCEEDED, slow.namespace))

        reply = slow.store.claim([slow.tick(0, "other")], LONG, [late])

        assert [lease.name for lease in reply.leases] == ["other"]
        assert heir.row().held == held
        assert heir.history() == [(0, "abandoned")]

    def test_s79_ends_are_settled_where_no_claim_is_granted(self, store_factory: Factory) -> None:
        """S79: what somebody else was first at changes nothing for them."""
        cluster = Cluster(store_factory)
        worker, rival = cluster.worker(), cluster.worker()
        worker.register("task", "other")
        mine = worker.take_tick(0)
        assert rival.take(rival.tick(0, "other"))
        succeeded = Settlement(ended(mine, Outcome.SUCCEEDED, worker.namespace))

        reply = worker.store.claim([worker.tick(0, "other")], LONG, [succeeded])

        assert (reply.leases, worker.row().held) == ([], None)
        assert worker.history() == [(0, "succeeded")]


def _is_paused(worker: Worker, claim: Claim) -> Claim:
    worker.store.control(claim.name, {"paused": True})
    return claim


def _is_early(worker: Worker, claim: Claim) -> Claim:
    coming = worker.store.read([]).now + LONG
    worker.store.control(claim.name, {"next_due": coming})
    return claim._replace(expected=coming)


def _is_leased(worker: Worker, claim: Claim) -> Claim:
    begin = claim.expected or 0
    assert worker.take(claim._replace(due=begin - 1, expected=begin))
    worker.store.control(claim.name, {"next_due": begin})
    return claim


def _is_beside(worker: Worker, claim: Claim) -> Claim:
    assert worker.take(claim._replace(concurrency=2))
    following = (claim.expected or 0) + 1_000
    return claim._replace(expected=following, due=following, next_due=following + 1_000)


def _has_run(worker: Worker, claim: Claim) -> Claim:
    lease = worker.take(claim)
    assert lease is not None
    assert worker.settle(lease)
    worker.store.control(claim.name, {"next_due": claim.expected})
    return claim


_HINDRANCES: dict[str, Callable[[Worker, Claim], Claim]] = {
    "another spec": lambda _, claim: claim._replace(spec="another"),
    "another tick": lambda _, claim: claim._replace(expected=(claim.expected or 0) + 1),
    "beside": _is_beside,
    "due later": lambda worker, claim: claim._replace(due=worker.store.read([]).now + LONG),
    "early": _is_early,
    "has run": _has_run,
    "leased": _is_leased,
    "paused": _is_paused,
    "used up": lambda _, claim: claim._replace(max_runs=0),
}
