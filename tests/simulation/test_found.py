"""What the simulation has found in the engine, each history told once more."""

import logging

import pytest

from ostinato import Missed, Outcome, Overlap
from ostinato.errors import AlreadyRunningError
from tests.simulation.fleet import Fleet, Stage
from tests.simulation.world import EPOCH


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


def test_s79_all_that_a_lost_reply_has_granted_is_found_again():
    """S79: the leases of several tasks, whose tokens are the same where they begin together."""
    tasks = [{"name": name, "seconds": 30} for name in ("one", "other")]
    stage = Stage(*tasks, hosts=1)

    async def script() -> None:
        stage.world.to_lose["h0", "claim"] = 1
        await stage.until(100)
        stage.conclude()
        counts = [stage.world.memory.ledger(task["name"]).counts for task in tasks]
        assert counts == [{"succeeded": 4}, {"succeeded": 4}]

    stage.play(script)


@pytest.mark.parametrize(
    ("steered", "counted"),
    [
        # What was claimed just before the pause is not run behind it: its lease expires.
        ("resume", {"succeeded": 3, "abandoned": 1}),
        ("trigger", {"succeeded": 4}),
    ],
)
def test_s79_a_lost_claim_is_not_found_by_who_asks_for_something_else(
    steered: str, counted: dict[str, int]
):
    """S79, S92, S93: its lease would be prolonged and never run, or be taken for a run by hand."""
    stage = Stage({"name": "task", "seconds": 30}, hosts=1)

    async def script() -> None:
        await stage.until(29)
        stage.world.to_lose["h0", "claim"] = 1
        await stage.until(31)
        scheduler = stage.hosts[0].scheduler
        if steered == "resume":
            await scheduler.pause("task")
            await stage.until(33)
            await scheduler.resume("task")
        else:
            with pytest.raises(AlreadyRunningError):
                await scheduler.trigger("task")
        await stage.until(100)
        assert stage.world.memory.ledger("task").counts == counted

    stage.play(script)


def test_s23_s78_a_task_is_first_due_when_the_store_gets_to_know_it():
    """S23, S78: by the store's time, however wrong the clock of the worker is that is first."""
    stage = Stage({"name": "task", "seconds": 5, "start": 2}, hosts=3, skew=30_000)

    async def script() -> None:
        await stage.until(60)
        assert max(abs(host.skew) for host in stage.hosts) > 10_000
        first = stage.world.judges["task"].first_due - EPOCH
        assert 2_000 <= first <= 2_200
        stage.conclude()
        assert stage.world.memory.ledger("task").counts == {"succeeded": 12}

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


def test_s87_a_store_is_not_left_alone_for_less_than_a_millisecond():
    """S87: tasks are looked at in whole milliseconds; for less, that is again and again."""
    stage = Stage({"name": "task", "seconds": 30}, hosts=1)

    async def script() -> None:
        await stage.until(1)
        door = stage.hosts[0].worker.sharing.door
        door.fail(ConnectionError("no way there"))
        door._retry_at = stage.hosts[0].life.monotonic() + 0.000_5
        assert door.left == 0
        door._retry_at += 0.001
        assert door.left > 0.001

    stage.play(script)


@pytest.mark.parametrize("seed", range(8))
def test_s29_a_few_histories_of_workers_that_much_happens_to(seed: int):
    """S29, S75 to S87: hundreds of them are in `test_workers.py`, where nothing is measured."""
    logging.disable(logging.CRITICAL)
    try:
        Fleet(seed).run()
    finally:
        logging.disable(logging.NOTSET)
