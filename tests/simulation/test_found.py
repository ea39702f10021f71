"""What the simulation has found in the engine, each history told once more."""

from ostinato import Missed, Outcome, Overlap
from tests.simulation.fleet import Stage


def test_s29_s79_a_claim_whose_reply_was_lost_has_skipped_what_it_has_skipped():
    """S29, S79: found again later, its lease says nothing of what was passed over since."""
    task = {"name": "task", "seconds": 2, "overlap": Overlap.QUEUE_ONE, "lasting": 2.5}
    stage = Stage(task, hosts=1)

    async def script() -> None:
        await stage.until(3)
        # Its first run has ended at 2.5, the tick at 2 has waited for that; now for the tick at 4.
        stage.world.to_lose["h0", "claim"] = 3
        await stage.until(60)
        stage.conclude()

    stage.play(script)


def test_s80_s86_a_worker_that_is_cut_off_ends_its_run_before_another_begins():
    """S80, S81, S86: at its own deadline, and not at the heartbeat that comes next."""
    task = {"name": "task", "seconds": 20, "lasting": 50}
    stage = Stage(task, hosts=2)

    async def script() -> None:
        await stage.until(1)
        lease = stage.world.memory.read(["task"]).rows["task"].held
        (holder,) = (host for host in stage.hosts if host.owner == lease.owner)
        holder.is_cut_off = True
        await stage.until(28)
        assert stage.world.judges["task"].grants[lease.token].ended is Outcome.CANCELLED
        await stage.until(100)

    stage.play(script)


def test_s29_ticks_that_another_skips_under_a_run_are_not_due_again_at_its_end():
    """S29: they are too late there, and no longer there to be run here."""
    task = {"name": "task", "seconds": 20, "missed": Missed.SKIP, "lasting": 35}
    stage = Stage(task, hosts=2)

    async def script() -> None:
        await stage.until(200)
        stage.conclude()
        assert stage.world.memory.ledger("task").counts["skipped(too_late)"] > 0

    stage.play(script)
