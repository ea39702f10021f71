"""The dashboard in a real browser, over a real scheduler: what a person sees and does."""

import json
import re
from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.integration.serving import Server
from tests.integration.watched import opened, row

pytestmark = pytest.mark.needs_fastapi

HOSTILE = "<img src=x onerror=document.title='hacked'> a/b?c=1&d=%2e#e \"'"


@pytest.fixture
def page(chromium: Browser, watched: Server) -> Generator[Page]:
    """Open the dashboard."""
    with opened(chromium, watched) as shown:
        yield shown


def test_it_shows_at_a_glance_how_each_task_stands(page: Page) -> None:
    """The state as a word, the schedule in words, the countdown, the failure with its text."""
    failing = row(page, "billing.charge_cards")
    expect(failing.locator(".badge")).to_have_text("Failing")
    expect(failing.locator(".error")).to_contain_text("payments: the connection was refused")
    expect(failing.locator(".schedule")).to_contain_text("every 30 minutes")

    waiting = row(page, "mail.flush_outbox")
    expect(waiting.locator(".badge")).to_have_text("Waiting")
    first = waiting.locator(".count").inner_text()
    assert re.fullmatch(r"in (30|2\d) min( \d+ s)?", first)
    expect(waiting.locator(".count")).not_to_have_text(first)
    expect(page.locator("#headline")).to_contain_text("2 tasks need a look")
    expect(page).to_have_title(re.compile("shop · ostinato"))


def test_s97_what_tasks_are_called_and_raise_is_text_and_nothing_else(page: Page) -> None:
    """Neither a name nor an error becomes an element, an address, or a script."""
    hostile = row(page, HOSTILE)
    expect(hostile.locator(".name")).to_have_text(HOSTILE)
    hostile.locator(".name").click()

    panel = page.get_by_role("dialog")
    expect(panel.locator("h2")).to_have_text(HOSTILE)
    expect(panel.locator(".failure pre")).to_contain_text("<script>document.title")
    expect(panel.locator(".history li")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("dialog").locator("h2")).to_have_text(HOSTILE)
    assert page.locator("img, body script").count() == 0
    assert "hacked" not in page.title()


def test_a_task_is_run_at_once_when_that_is_confirmed(page: Page) -> None:
    """It is asked first; what was done is announced, and the page shows the run."""
    task = row(page, "tidy")
    task.get_by_role("button", name="Run tidy now").click()
    dialog = page.get_by_role("dialog", name="Run tidy now?")
    dialog.get_by_role("button", name="Keep it as it is").click()
    expect(dialog).to_be_hidden()
    expect(task.locator(".last")).to_have_text("no runs yet")

    task.get_by_role("button", name="Run tidy now").click()
    dialog.get_by_role("button", name="Run now").click()

    expect(page.get_by_role("status").filter(has_text="tidy was started.")).to_be_visible()
    expect(task.locator(".last")).not_to_have_text("no runs yet")
    task.locator(".name").click()
    panel = page.get_by_role("dialog")
    expect(panel.locator(".history li")).to_contain_text("Succeeded")
    expect(panel.locator(".history li")).to_contain_text("by hand")


def test_s93_a_long_run_shows_its_progress_and_is_cancelled(page: Page) -> None:
    """A second one by hand is refused while it goes on, and the dialog says why."""
    task = row(page, "catalog.import")
    for _ in range(2):
        task.get_by_role("button", name="Run catalog.import now").click()
        page.get_by_role("dialog").get_by_role("button", name="Run now").click()
        expect(task.locator(".badge")).to_have_text("Running")
    expect(page.get_by_role("alert").filter(has_text="catalog.import")).to_be_visible()
    page.keyboard.press("Escape")
    expect(task.get_by_role("progressbar")).to_have_attribute("value", "0.42")
    expect(task.locator(".more")).to_contain_text("4,200 of 10,000 rows")

    task.locator(".name").click()
    page.get_by_role("button", name="Cancel the run of catalog.import").click()
    page.get_by_role("button", name="Cancel the run", exact=True).click()

    expect(page.locator("#panel").get_by_role("status").last).to_contain_text("asked to end")
    expect(page.locator("#panel .history li")).to_contain_text("Cancelled")
    expect(task.locator(".badge")).to_have_text("Waiting")


def test_s92_a_task_is_paused_and_resumed_by_keyboard_alone(page: Page) -> None:
    """Search, Enter, p, a reason, Enter; the focus comes back to where it was."""
    task = row(page, "mail.flush_outbox")
    expect(task).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("outbox")
    expect(page.locator("#list .task")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(task.locator(".name")).to_be_focused()

    page.keyboard.press("p")
    page.keyboard.type("the relay is being moved")
    page.keyboard.press("Enter")

    expect(task.locator(".badge")).to_have_text("Paused")
    expect(task.locator(".why")).to_have_text("“the relay is being moved”")
    expect(task.locator(".next")).to_contain_text("until resumed")
    expect(task.locator(".name")).to_be_focused()
    page.keyboard.press("p")
    expect(page.get_by_role("dialog")).to_contain_text("the relay is being moved")
    page.keyboard.press("Shift+Tab")
    page.get_by_role("button", name="Resume", exact=True).press("Enter")
    expect(task.locator(".badge")).to_have_text("Waiting")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_schedule_is_written_as_people_write_it(page: Page) -> None:
    """What is no schedule is explained in the dialog; what is one is followed at once."""
    task = row(page, "tidy")
    task.locator(".name").click()
    page.get_by_role("button", name="Reschedule").click()
    field = page.get_by_label("Schedule", exact=False).last
    expect(field).to_have_value("every 1 hour")
    confirm = page.locator("#ask").get_by_role("button", name="Reschedule")

    field.fill("now and then")
    confirm.click()
    expect(page.locator("#ask").get_by_role("alert")).to_contain_text("now and then")
    field.fill("0 6 * * mon-fri Europe/Berlin")
    confirm.click()

    expect(page.locator("#ask")).to_be_hidden()
    expect(task.locator(".schedule")).to_contain_text("Europe/Berlin")
    expect(page.locator("#panel .panel-schedule")).to_contain_text("at 06:00 on weekdays")


def test_s94_ticks_of_the_past_are_run_again_after_a_look(page: Page) -> None:
    """It says which these would be before it runs them; the history then has them, by pages."""
    row(page, "stats.roll_up").locator(".name").click()
    page.get_by_role("button", name="Backfill").click()
    dialog = page.get_by_role("dialog", name="Backfill stats.roll_up")
    dialog.get_by_role("button", name="Look first").click()
    expect(dialog.get_by_role("status")).to_contain_text("These would be run:")
    expect(dialog.get_by_role("button", name="Run these 24")).to_be_visible()
    dialog.get_by_label("Which ticks").select_option("failed")
    dialog.get_by_role("button", name="Look first").click()
    expect(dialog.get_by_role("status")).to_have_text("No tick would be run.")
    dialog.get_by_label("Until").fill("2020-01-01T00:00")
    dialog.get_by_role("button", name="Look first").click()
    expect(dialog.get_by_role("alert")).to_contain_text("end")
    expect(page.locator("#panel .history li")).to_have_count(0)
    expect(page.locator("#panel")).to_contain_text("No run has ended yet.")

    dialog.get_by_role("button", name="Keep it as it is").click()
    page.get_by_role("button", name="Backfill").click()
    dialog.get_by_role("button", name="Look first").click()
    dialog.get_by_role("button", name="Run these 24").click()

    runs = page.locator("#panel .history li")
    expect(runs).to_have_count(20)
    expect(runs.first).to_contain_text("backfill")
    page.get_by_role("button", name="Older runs").click()
    expect(runs).to_have_count(24)
    expect(page.locator("#panel")).to_contain_text("24 runs in all")
    page.get_by_label("Outcome").select_option("failures")
    expect(page.locator("#panel")).to_contain_text("No runs like that.")


def test_tasks_are_searched_filtered_and_sorted(page: Page) -> None:
    """The chips count and choose; a search without a match offers the way back."""
    names = page.locator("#list .name")
    expect(names).to_have_count(6)
    page.get_by_role("button", name=re.compile("^Failing")).click()
    expect(names).to_have_count(2)
    page.get_by_role("searchbox").fill("nothing is called like that")
    expect(page.locator("#nothing")).to_contain_text("nothing is called like that")
    page.get_by_role("button", name="Show all tasks").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(names.first).to_have_text(HOSTILE)

    two = names.filter(has_text=re.compile("^(mail|catalog)"))
    expect(two).to_have_text(["catalog.import", "mail.flush_outbox"])
    page.get_by_label("Order").select_option("next")
    expect(two).to_have_text(["mail.flush_outbox", "catalog.import"])


def test_s95_who_may_only_look_is_shown_nothing_to_steer_by(page: Page) -> None:
    """Neither a button in the list or in the panel, nor a key; here mounted for Starlette."""
    page.goto(page.url.replace("/ostinato", "/looking"))
    expect(row(page, "tidy").locator(".run")).to_be_hidden()
    row(page, "tidy").locator(".name").focus()
    page.keyboard.press("r")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog").locator("h2")).to_have_text("tidy")
    expect(page.locator("#panel .facts")).to_contain_text("Last success")
    expect(page.locator("#panel .panel-acts")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_what_was_asked_in_vain_is_asked_again(page: Page) -> None:
    """What the panel shows comes as soon as the app answers: nobody has to open it anew."""
    lost = {"runs", "upcoming", "task"}

    def lose_once(route: Route) -> None:
        what = route.request.url.partition("/api/")[2].partition("?")[0]
        if what in lost:
            lost.remove(what)
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/api/(runs|upcoming|task)\?"), lose_once)
    row(page, "billing.charge_cards").locator(".name").click()

    panel = page.get_by_role("dialog")
    expect(panel.locator(".history li")).to_have_count(1)
    expect(panel.locator(".upcoming li").first).to_be_visible()
    expect(panel.locator(".policy div").first).to_be_visible()
    assert not lost


@pytest.mark.parametrize("status", ["401", "303"])
def test_who_is_not_let_in_is_told_so(page: Page, watched: Server, status: str) -> None:
    """Refused or sent to log in: nothing stays on the screen; once let in, all is back."""
    expect(row(page, "tidy")).to_be_visible()
    lock = watched.folder / "locked"
    lock.write_text(status)
    try:
        expect(page.get_by_role("heading", name="You may not see this page")).to_be_visible()
        expect(row(page, "tidy")).to_be_hidden()
    finally:
        lock.unlink()
    page.get_by_role("button", name="Try again").click()
    expect(row(page, "tidy")).to_be_visible()


def answering(body: str) -> Callable[[Route], None]:
    """Return what answers with the status 503."""
    return lambda route: route.fulfill(status=503, body=body)


@pytest.mark.parametrize("what", ["app", "store"])
def test_what_does_not_answer_is_said(page: Page, what: str) -> None:
    """The page keeps what it last knew, says from when it is, and goes on by itself."""
    expect(row(page, "tidy")).to_be_visible()
    body = json.dumps({"error": {"code": "store_unavailable", "message": "no route to db"}})
    page.route(
        "**/api/overview",
        lambda route: route.abort() if what == "app" else route.fulfill(status=503, body=body),
    )

    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text(f"The {what} does not answer.")
    expect(alert).to_contain_text("What you see is from")
    expect(page.locator("#live")).to_have_text("Not connected")
    expect(row(page, "tidy")).to_be_visible()

    page.unroute("**/api/overview")
    expect(alert).to_be_hidden()
    for code, title in (
        ("store_unavailable", "The store does not answer"),
        ("not_running", "The scheduler is not running"),
        ("maintenance", "The app could not answer"),
    ):
        told = json.dumps({"error": {"code": code, "message": f"no {code}"}})
        page.unroute("**/api/overview")
        page.route("**/api/overview", answering(told))
        page.reload()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        expect(page.locator("#state")).to_contain_text(f"no {code}.")
