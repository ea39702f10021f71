import asyncio
import json
from importlib.metadata import version
from pathlib import Path

import pytest

from ostinato.cli._finding import find
from ostinato.cli._looking import _watch
from tests.support.calling import Invoke


def test_the_tasks_of_a_fleet_are_listed(ran: str, ostinato: Invoke):
    """Each line has a task's state, its next run and its last one; nothing of it is markup."""
    result = ostinato("list", "--app", ran)

    head, fail, report, tidy = result.stdout.splitlines()
    assert result.exit_code == 0
    assert head.split() == ["task", "schedule", "state", "next", "run", "last", "run", "latest"]
    assert "waiting, ✗ 1" in fail
    assert "never" in report
    assert "✓" in tidy


def test_what_is_listed_can_be_read_by_programs(ran: str, ostinato: Invoke):
    """With --json it is a list of objects, with instants in UTC and durations in seconds."""
    tasks = {
        each["name"]: each for each in json.loads(ostinato("list", "--app", ran, "--json").stdout)
    }

    tidy, fail = tasks["app.tidy"], tasks["app.fail"]
    assert (tidy["state"], tidy["scope"], tidy["starts"]) == ("waiting", "cluster", 1)
    assert tidy["schedule_text"] == "every 3600000 ms"
    assert tidy["next_run"].endswith("Z")
    assert tidy["last_run"]["outcome"] == "succeeded"
    assert 0 <= tidy["last_run"]["duration"] < 60
    assert fail["counts"] == {"failed": 1}


def test_what_a_task_has_said_does_not_steer_the_terminal(ran: str, ostinato: Invoke):
    """An error's text is shown as it is: no markup is read, and no control code is passed on."""
    result = ostinato("history", "app.fail", "--app", ran)

    assert "[bold]no[/bold] �[2J" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_history_of_all_tasks_is_in_one_order(ran: str, ostinato: Invoke):
    """Without a task the latest runs of all of them are shown, as many as were asked for."""
    runs = json.loads(ostinato("history", "--app", ran, "--json").stdout)
    limited = json.loads(ostinato("history", "--app", ran, "--json", "-n", "1").stdout)

    assert {each["task"] for each in runs} == {"app.fail", "app.tidy"}
    # Learnt of in one batch, they may have ended in either order.
    assert len(runs) == 2
    assert limited == runs[:1]


def test_what_is_due_next_is_listed_in_order(ran: str, ostinato: Invoke):
    """The ticks of all tasks come in one order, up to the end that was asked for."""
    due = json.loads(ostinato("next", "--app", ran, "--until", "2h30m", "--json").stdout)

    hourly = [each["task"] for each in due if each["task"] != "app.report"]
    assert sorted(hourly) == ["app.fail"] * 2 + ["app.tidy"] * 2
    assert [each["due"] for each in due] == sorted(each["due"] for each in due)


def test_a_store_that_no_worker_has_made_is_not_made_by_a_look(
    program: str, tmp_path: Path, ostinato: Invoke
):
    """Whoever looks in the wrong place is told, and leaves no file there."""
    result = ostinato("list", "--app", program, "--json")

    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"]["code"] == "store_file"
    assert not (tmp_path / "state.db").exists()


def test_a_task_of_nearly_that_name_is_named(ran: str, ostinato: Invoke):
    """A slip of the pen costs one more look."""
    result = ostinato("history", "app.tidi", "--app", ran)

    assert result.exit_code == 2
    assert "did you mean 'app.tidy'?" in result.stderr


def test_a_duration_that_is_none_is_refused(ran: str, ostinato: Invoke):
    """What is no span of time and no instant is said to be none."""
    result = ostinato("next", "--app", ran, "--until", "soon")

    assert result.exit_code == 2
    assert "is no duration and no instant; write 90m" in result.stderr


def test_what_changes_is_printed_while_watching(ran: str, capsys: pytest.CaptureFixture[str]):
    """Each line is the whole list; there is no second one while nothing has changed."""
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(_watch(find(ran).scheduler, as_json=True), 3))

    (line,) = capsys.readouterr().out.splitlines()
    assert {each["name"] for each in json.loads(line)} == {"app.fail", "app.report", "app.tidy"}


def test_a_table_is_drawn_while_watching(ran: str, capsys: pytest.CaptureFixture[str]):
    """It is the one of the list."""
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(_watch(find(ran).scheduler, as_json=False), 3))

    assert "app.report" in capsys.readouterr().out


def test_the_shell_completes_the_names_of_tasks(
    ran: str, ostinato: Invoke, monkeypatch: pytest.MonkeyPatch
):
    """Of the application that is named before the command, behind it, or in the environment."""
    monkeypatch.setenv("_OSTINATO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"ostinato --app {ran} pause app.t")
    monkeypatch.setenv("COMP_CWORD", "4")
    there = ostinato()
    monkeypatch.setenv("COMP_WORDS", "ostinato --app nowhere pause app.t")
    nowhere = ostinato()

    assert there.stdout.split() == ["app.tidy"]
    assert nowhere.stdout.split() == []


def test_where_there_is_nothing_to_show_it_is_said(ran: str, ostinato: Invoke):
    """No empty table leaves the one who asks to wonder."""
    runs = ostinato("history", "--app", ran, "--outcome", "timed_out", "--since", "1h")
    ticks = ostinato("next", "app.tidy", "--app", ran, "--until", "1s")
    paused = ostinato("pause", "app.fail", "--app", ran)
    others = ostinato("next", "--app", ran, "-n", "1")

    assert (runs.stdout, runs.stderr) == ("", "there are no such runs\n")
    assert (ticks.stdout, ticks.stderr) == ("", "nothing is due before 1s\n")
    assert paused.stdout == "app.fail is paused\n"
    assert "not due, for they are paused or over: app.fail" in others.stderr
    assert len(others.stdout.splitlines()) == 2


def test_the_version_is_printed(ostinato: Invoke):
    """For reports of what went wrong."""
    assert ostinato("--version").stdout == f"ostinato {version('ostinato')}\n"


def test_what_is_steered_is_said_to_people_and_told_to_programs(
    ran: str, ostinato: Invoke, monkeypatch: pytest.MonkeyPatch
):
    """Each command has words, and with --json the task."""
    paused = ostinato("pause", "app.tidy", "--app", ran, "--json")
    resumed = ostinato("resume", "app.tidy", "--app", ran)
    triggered = ostinato("trigger", "app.tidy", "--app", ran)
    few = ostinato("next", "app.tidy", "--app", ran, "--json")
    monkeypatch.setattr("ostinato.cli._looking._watch", interrupted)
    watched = ostinato("list", "--app", ran, "--watch")

    assert json.loads(paused.stdout)["state"] == "paused"
    assert resumed.stdout.startswith("app.tidy is waiting, and due in ")
    assert (triggered.exit_code, watched.exit_code) == (0, 0)
    assert {each["task"] for each in json.loads(few.stdout)} == {"app.tidy"}


async def interrupted(*_: object, **__: object) -> None:
    """Be interrupted.

    Raises:
        KeyboardInterrupt: Always.
    """
    raise KeyboardInterrupt


def test_a_program_without_tasks_or_that_cannot_be_imported_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ostinato: Invoke
):
    """The former in words, the latter with its own traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "no_tasks.py").write_text(
        "from ostinato import Scheduler\nscheduler = Scheduler('memory://')\n", "utf-8"
    )
    (tmp_path / "no_module.py").write_text("1 / 0\n", "utf-8")

    empty = ostinato("list", "--app", "no_tasks")
    broken = ostinato("list", "--app", "no_module")

    assert "there are no tasks" in empty.stderr
    assert isinstance(broken.exception, ZeroDivisionError)
    assert "importing no_module failed" in broken.stderr
