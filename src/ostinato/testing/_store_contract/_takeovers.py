"""What becomes of the run of a worker that died."""

from collections.abc import Callable

from ostinato._lease import Takeover
from ostinato.testing._store_contract._cluster import LONG, SHORT, Cluster, SharedStore

__all__ = ["TakeoverClauses"]

Factory = Callable[[], SharedStore]


class TakeoverClauses:
    """I4: what is left by a crash is acted on by another worker, once."""

    def test_s84_a_dead_worker_s_run_is_taken_over(self, store_factory: Factory) -> None:
        """S84: the same tick, with a higher token; by one worker, after it expired, in no pause."""
        cluster = Cluster(store_factory)
        dead, heir, late = cluster.worker(), cluster.worker(), cluster.worker()
        dead.register("task")
        lease = dead.take_tick(0, SHORT)
        claim = Takeover("task", dead.tick().spec, lease.token)
        assert heir.store.claim([claim], LONG).leases == []
        cluster.wait_until(lease.until)
        assert heir.store.claim([claim._replace(spec="another")], LONG).leases == []
        assert heir.store.claim([claim._replace(name="unknown")], LONG).leases == []

        heir.store.control("task", {"paused": True})
        assert heir.store.claim([claim], LONG).leases == []
        heir.store.control("task", {"paused": False})

        (taken,) = heir.store.claim([claim], LONG).leases

        assert late.store.claim([claim], LONG).leases == []
        assert (taken.due, taken.owner, taken.token) == (lease.due, heir.owner, lease.token + 1)
        row = heir.row()
        assert (row.takeovers, row.starts, row.next_due) == (1, 1, heir.due(1))
        assert not dead.settle(lease)
        assert heir.settle(taken)
        assert heir.history() == [(0, "succeeded")]
        heir.take_tick(1)
        assert heir.row().takeovers == 0

    def test_s84_a_tick_waits_for_the_run_of_a_dead_worker_to_be_taken_over(
        self, store_factory: Factory
    ) -> None:
        """S84: where it is to be run again, a later tick is not granted before that has ended."""
        cluster = Cluster(store_factory)
        dead, heir = cluster.worker(), cluster.worker()
        dead.register("task")
        lease = dead.take_tick(0, SHORT)
        cluster.wait_until(max(lease.until, heir.due(1)))
        claim = heir.tick(1)._replace(reruns=True)

        assert heir.store.claim([claim], LONG).leases == []
        skipping = claim._replace(due=None, next_due=heir.due(2))
        assert heir.store.claim([skipping], LONG).rows["task"].next_due == heir.due(2)
        heir.store.control("task", {"next_due": heir.due(1)})

        (taken,) = heir.store.claim([Takeover("task", claim.spec, lease.token)], LONG).leases
        assert heir.store.claim([claim], LONG).leases == []
        assert heir.settle(taken)
        assert [each.due for each in heir.store.claim([claim], LONG).leases] == [claim.due]

    def test_s85_a_dead_worker_s_run_can_be_given_up(self, store_factory: Factory) -> None:
        """S85: by whoever sees that its lease has expired: it is abandoned, the lease free."""
        cluster = Cluster(store_factory)
        dead, other = cluster.worker(), cluster.worker()
        dead.register("task")
        lease = dead.take_tick(0, SHORT)
        claim = Takeover("task", dead.tick().spec, lease.token, reruns=False)
        assert other.store.claim([claim], LONG).rows["task"].held == lease
        cluster.wait_until(lease.until)
        assert other.store.claim([claim._replace(token=lease.token + 1)], LONG).leases == []
        assert other.row().held is not None

        reply = other.store.claim([claim], LONG)

        assert (reply.leases, reply.rows["task"].held) == ([lease], None)
        assert reply.rows["task"].token > lease.token
        assert other.store.claim([claim], LONG).leases == []
        assert other.history() == [(0, "abandoned")]
        assert not dead.settle(lease)
        assert dead.store.renew([("task", lease.token)], LONG) == set()
        assert other.history() == [(0, "abandoned")]
        other.take_tick(1)
