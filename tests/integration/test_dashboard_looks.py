"""What the dashboard looks like and weighs: screens, colours, accessibility, a thousand tasks."""

import gzip
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import ostinato
from tests.integration.serving import Server
from tests.integration.watched import opened, row

pytestmark = pytest.mark.needs_fastapi

STATIC = Path(ostinato.__file__).parent / "dashboard" / "static"
KILOBYTE = 1_000

# Counts the rows in which anything was changed since it was last asked.
WATCH = """() => {
  const list = document.querySelector('#list'), touched = new Set();
  new MutationObserver(records => records.forEach(({target}) => {
    const row = (target.closest ? target : target.parentElement).closest('.task');
    touched.add(row ? row.dataset.name : 'the list');
  })).observe(list, {subtree: true, childList: true, characterData: true, attributes: true});
  window.touched = () => { const names = [...touched]; touched.clear(); return names; };
}"""


def assert_accessible(page: Page) -> None:
    """Have axe-core look at the page as it is."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_it_fits_every_screen_and_everybody(
    chromium: Browser, watched: Server, tmp_path: Path, width: int, scheme: str
) -> None:
    """Nothing reaches beyond the edge, and axe-core objects neither to it nor to its dialogs."""
    with opened(chromium, watched, width=width, scheme=scheme) as page:
        expect(row(page, "billing.charge_cards").locator(".strip .bad")).to_have_count(1)
        expect(page.locator("#ribbon .due")).to_be_visible()
        page.screenshot(path=tmp_path / "page.png")
        page.keyboard.press("t")
        expect(page.locator("#lanes li")).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert_accessible(page)
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == ("rgb(245, 244, 240)" if scheme == "light" else "rgb(18, 20, 22)")

        row(page, "billing.charge_cards").locator(".name").click()
        expect(page.locator("#panel .upcoming li").first).to_be_visible()
        expect(page.locator("#panel .policy div").first).to_be_visible()
        page.locator("#panel .history summary").click()
        assert page.evaluate("document.querySelector('#panel').scrollWidth") <= width
        page.screenshot(path=tmp_path / "panel.png")
        assert_accessible(page)
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_role("dialog", name="Pause billing.charge_cards?")).to_be_visible()
        assert_accessible(page)


def test_the_colours_are_those_that_were_chosen(chromium: Browser, watched: Server) -> None:
    """The switch goes from the system's to light to dark; the choice outlives the page."""
    with opened(chromium, watched) as page:
        root = page.locator("html")
        for theme in ("light", "dark"):
            page.get_by_role("button", name=re.compile("^Colours")).click()
            expect(root).to_have_attribute("data-theme", theme)
        page.reload()
        expect(root).to_have_attribute("data-theme", "dark")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
            "rgb(18, 20, 22)"
        )
        page.keyboard.press("d")
        expect(root).not_to_have_attribute("data-theme", re.compile("."))


def test_of_a_thousand_tasks_only_what_changed_is_drawn(chromium: Browser, watched: Server) -> None:
    """A poll that tells of one run touches one row; out of sight nothing counts down."""
    overview = watched.get("/ostinato/api/overview").json()
    by_name = {task["name"]: task for task in overview["tasks"]}
    failed = by_name["billing.charge_cards"]
    tasks = [{**failed, "name": f"task_{number:03}"} for number in range(1_000)]
    changed = [*tasks[:500], {**by_name["tidy"], "name": "task_500"}, *tasks[501:]]
    told = [tasks]

    with opened(chromium, watched) as page:
        page.route(
            "**/api/overview",
            lambda route: route.fulfill(body=json.dumps({**overview, "tasks": told[0]})),
        )
        expect(page.locator("#list .task")).to_have_count(1_000)
        page.evaluate(WATCH)
        expect(page.locator("#list .task .count").first).to_be_visible()
        told[0] = changed
        expect(page.locator('[data-name="task_500"] .badge')).to_have_text("Waiting")
        touched = set(page.evaluate("window.touched()")) - {"the list"}
        # Those in sight, or nearly so, count down; of the others, the one that has changed.
        assert {name for name in touched if name > "task_100"} == {"task_500"}


def test_it_weighs_less_than_60_kilobytes_and_is_of_this_house_alone() -> None:
    """All files, compressed; no script or style within the page, no foreign address anywhere."""
    files = {file.name: file.read_text() for file in STATIC.iterdir()}
    weight = sum(len(gzip.compress(text.encode())) for text in files.values())
    print(f"{weight:,} bytes in {len(files)} files")

    assert weight < 60 * KILOBYTE
    assert not re.search(r"<script(?![^>]* src=)|<style|\bstyle=|\bon\w+=", files["index.html"])
    for name, text in files.items():
        addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|Function\(", text), (
            name
        )
        assert text.count("\n") < 300, name
