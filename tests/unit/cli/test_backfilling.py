"""Ticks of the past, run again from a terminal, from a script, and by a worker."""

import json
from pathlib import Path

import pytest

from tests.support.calling import Invoke, begun

BROKEN = """
@scheduler.cron("0 * * * *", name="app.broken")
async def break_down() -> None:
    raise ValueError("still broken")
"""
PAST = ("--from", "2026-01-01T00:00Z", "--to", "2026-01-13T00:00Z")


@pytest.fixture
def broken(program: str) -> None:
    """Have a task more in the program."""
    with Path(f"{program}.py").open("a", encoding="utf-8") as module:
        module.write(BROKEN)


def test_s94_it_is_said_first_which_ticks_would_be_run(ran: str, ostinato: Invoke):
    """S94: whoever says no, or cannot be asked, has run nothing."""
    refused = ostinato("backfill", "app.report", *PAST, "--app", ran, asked="n\n")
    alone = ostinato("backfill", "app.report", *PAST, "--app", ran)
    dry = ostinato("backfill", "app.report", *PAST, "--app", ran, "--json")

    told = json.loads(dry.stdout)
    assert [refused.exit_code, alone.exit_code, dry.exit_code] == [1, 1, 0], refused.stderr
    assert "of app.report, these 12 ticks would be run (UTC):" in refused.stdout
    assert "\n  2026-01-01 07:30:00  " in refused.stdout
    assert "and 2 more, the last at 2026-01-12 07:30:00" in refused.stdout
    assert "nothing was run" in refused.stderr
    assert "pass --yes" in alone.stderr
    assert (told["dry_run"], told["count"], len(told["instants"])) == (True, 12, 12)
    assert runs_of("app.report", ran, ostinato) == []


def test_s94_ticks_are_run_again_here_when_that_is_agreed(ran: str, ostinato: Invoke):
    """S94: each with its own instant; asked again, nothing is missing."""
    agreed = ostinato("backfill", "app.report", *PAST, "--app", ran, asked="y\n")
    again = ostinato("backfill", "app.report", *PAST, "--app", ran)
    scripted = ostinato("backfill", "app.report", *PAST, "--app", ran, "--yes", "--json")

    runs = runs_of("app.report", ran, ostinato)
    assert agreed.exit_code == 0, agreed.stderr
    assert "12 of 12 runs of app.report succeeded" in agreed.stdout
    assert [each["kind"] for each in runs] == ["backfill"] * 12
    assert min(each["due"] for each in runs) == "2026-01-01T07:30:00.000Z"
    assert (again.exit_code, again.stderr.strip()) == (0, "no tick would be run")
    assert (scripted.exit_code, json.loads(scripted.stdout)["runs"]) == (0, [])


def test_s94_a_backfill_waits_for_what_is_under_way(ran: str, ostinato: Invoke):
    """S94: the overlap policy holds; here until the lease of a worker ends that was killed."""
    day = ("--from", "2026-01-01T00:00Z", "--to", "2026-01-02T00:00Z")
    with begun("app.report", lease=500):
        waited = ostinato("backfill", "app.report", *day, "--app", ran, "--yes")

    runs = runs_of("app.report", ran, ostinato)
    assert waited.exit_code == 0, waited.stderr
    assert [each["outcome"] for each in runs] == ["succeeded", "abandoned"]


@pytest.mark.usefixtures("broken")
def test_s94_a_backfill_that_fails_is_told_by_the_exit_code(ran: str, ostinato: Invoke):
    """S94: those that have failed are chosen by `--mode failed`; too many need `--force`."""
    hours = ("--from", "2026-01-01T00:00Z", "--to", "2026-01-01T02:00Z")
    failed = ostinato("backfill", "app.broken", *hours, "--app", ran, "-y")
    chosen = ostinato(
        *("backfill", "app.broken", *PAST, "--mode", "failed", "--app", ran, "--yes", "--json")
    )
    many = ("--from", "2025-01-01T00:00Z", "--to", "2026-01-01T00:00Z", "--json")
    refused = ostinato("backfill", "app.broken", *many, "--app", ran)
    forced = ostinato("backfill", "app.broken", *many, "--force", "--app", ran)

    told = json.loads(chosen.stdout)
    assert failed.exit_code == chosen.exit_code == 1
    assert "0 of 2 runs of app.broken succeeded" in failed.stdout
    assert [(each["outcome"], each["error"]) for each in told["runs"]] == [
        ("failed", "ValueError: still broken")
    ] * 2
    assert refused.exit_code == 2
    assert "force" in json.loads(refused.stdout)["error"]["message"]
    assert json.loads(forced.stdout)["count"] == 8_760


def runs_of(name: str, program: str, ostinato: Invoke) -> list[dict[str, str]]:
    told = ostinato("history", name, "--app", program, "--json", "-n", "100")
    runs: list[dict[str, str]] = json.loads(told.stdout)
    return runs
