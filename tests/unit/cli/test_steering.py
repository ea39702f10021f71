import json
from pathlib import Path

import pytest

from ostinato.cli._schedules import schedule_in
from tests.support.calling import Invoke, begun


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


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("every 10 minutes", "every 600000 ms"),
        ("every 1.5 h", "every 5400000 ms"),
        ("every minute", "every 60000 ms"),
        ("0 9 * * mon-fri Europe/Zurich", "cron 0 9 * * MON-FRI Europe/Zurich"),
        ("cron 30 0 9 * * * +02:00", "cron 30 0 9 * * * UTC+02:00"),
        ("@daily", "cron 0 0 * * * UTC"),
        ("cron 0 9 * * * UTC+02:00", "cron 0 9 * * * UTC+02:00"),
        ("cron 0 9 * * * UTC | every 1000 ms", "cron 0 9 * * * UTC | every 1000 ms"),
    ],
)
def test_a_schedule_is_read_as_people_write_it(given: str, text: str):
    """And as the store has it, whatever is in there."""
    assert schedule_in(given).text == text


def test_s92_a_task_is_rescheduled_from_outside(ran: str, ostinato: Invoke):
    """S92: in all workers, by words; what is no schedule is refused with some that are."""
    refused = ostinato("reschedule", "app.tidy", "now and then", "--app", ran)
    told = ostinato("reschedule", "app.tidy", "every 10 minutes", "--app", ran)
    again = ostinato("reschedule", "app.tidy", "delay 30 s", "--app", ran, "--json")

    (tidy,) = (each for each in listed(ran, ostinato) if each["name"] == "app.tidy")
    assert refused.exit_code == 2
    assert "SCHEDULE='now and then' is no schedule; write it like 'every 10 min" in refused.stderr
    assert told.stdout == "app.tidy is due every 10 minutes, next in 10 min\n", told.stderr
    assert json.loads(again.stdout)["schedule_text"] == tidy["schedule_text"] == "delay 30000 ms"


def test_s92_a_run_of_another_worker_is_cancelled(ran: str, ostinato: Invoke):
    """S92: by its id; whoever names something else is told which runs are under way."""
    with begun("app.tidy") as (store, run_id):
        mistaken = ostinato("cancel", "app.tidy", "--app", ran)
        told = ostinato("cancel", run_id, "--app", ran)
        ((token,),) = (row.cancel_requested for row in store.read(["app.tidy"]).rows.values())
        ended = json.loads(ostinato("history", "app.fail", "--app", ran, "--json").stdout)[0]["id"]
        over = ostinato("cancel", ended, "--app", ran, "--json")

    assert mistaken.exit_code == 1
    assert f"under way are {run_id}" in mistaken.stderr
    assert (told.exit_code, told.stdout) == (0, f"{run_id} is asked to end\n")
    assert token > 0
    assert over.exit_code == 1
    assert json.loads(over.stdout)["error"]["code"] == "run_not_found"
    assert "it has ended: failed" in over.stdout


def listed(program: str, ostinato: Invoke) -> list[dict[str, object]]:
    tasks: list[dict[str, object]] = json.loads(ostinato("list", "--app", program, "--json").stdout)
    return tasks
