import asyncio
import json
from collections.abc import Callable

from tests.support.calling import Invoke


def test_health_without_a_worker_is_failing(ran: str, ostinato: Invoke):
    """Nobody is there: the exit code says so, and the words do."""
    result = ostinato("health", "--app", ran)

    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "failing"
    assert "no_worker: no worker is there" in result.stdout


def test_the_workers_are_seen_from_outside(ran: str, ostinato: Invoke):
    """While a worker runs, it is listed, and the fleet is not without one; later it is neither."""
    there, health, table = while_running(ran, lambda: called(ran, ostinato))

    (worker,) = json.loads(there)
    assert worker["is_alive"] is True
    assert str(worker["pid"]) in table
    assert "alive" in table
    assert worker["tasks"] == 3
    assert "no_worker" not in {each["kind"] for each in json.loads(health)["problems"]}
    assert json.loads(ostinato("workers", "--app", f"{ran}:other", "--json").stdout) == []


def called(program: str, ostinato: Invoke) -> tuple[str, str, str]:
    workers = ostinato("workers", "--app", f"{program}:other", "--json")
    health = ostinato("health", "--app", f"{program}:other", "--json")
    table = ostinato("workers", "--app", f"{program}:other")
    return workers.stdout, health.stdout, table.stdout


def while_running(program: str, call: Callable[[], tuple[str, str, str]]) -> tuple[str, str, str]:
    """Return what *call* returns in a thread, while the program's scheduler runs."""
    module = __import__(program)
    # As another process has it.
    module.other = module.make()

    async def run() -> tuple[str, str, str]:
        async with asyncio.timeout(60), module.scheduler.running():
            # By its lease it is known that the worker is, too.
            await module.scheduler.trigger("app.report", wait=True)
            return await asyncio.to_thread(call)

    return asyncio.run(run())


def test_a_fleet_without_workers_is_said_to_be_one(ran: str, ostinato: Invoke):
    """No empty table leaves the one who asks to wonder."""
    result = ostinato("workers", "--app", ran)

    assert (result.stdout, result.stderr) == ("", "no worker is there\n")
