import json
from pathlib import Path

from tests.support.calling import Invoke


def test_s92_a_task_is_paused_and_resumed_from_outside(ran: str, ostinato: Invoke):
    """S92: a pause is written to the store, with its reason and its end, and so is its end."""
    paused = ostinato("pause", "app.tidy", "--app", ran, "--reason", "a bank", "--until", "2h")
    (tidy,) = (each for each in listed(ran, ostinato) if each["name"] == "app.tidy")
    resumed = ostinato("resume", "app.tidy", "--app", ran, "--json")

    assert paused.stdout.startswith("app.tidy is paused until 2")
    assert (tidy["state"], tidy["reason"]) == ("paused", "a bank")
    assert tidy["paused_until"] is not None
    assert json.loads(resumed.stdout)["state"] == "waiting"


def test_s92_what_nobody_else_can_hear_is_refused(program: str, ostinato: Invoke, monkeypatch):
    """S92: memory of this process's own would forget the pause with the command."""
    monkeypatch.setenv("OSTINATO_STORE", "memory://")
    with Path(f"{program}.py").open("a", encoding="utf-8") as module:
        module.write("alone = Scheduler()\n@alone.every(hours=1, name='a')\ndef a(): ...\n")

    result = ostinato("pause", "a", "--app", f"{program}:alone")

    assert result.exit_code == 2
    assert "give the scheduler a store that is shared" in result.stderr


def listed(program: str, ostinato: Invoke) -> list[dict[str, object]]:
    tasks: list[dict[str, object]] = json.loads(ostinato("list", "--app", program, "--json").stdout)
    return tasks
