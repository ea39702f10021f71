"""Take the picture of the dashboard anew: `.venv/bin/python docs/images/dashboard.py`.

With a folder behind it, take every width there, light and dark, to look at. The font is the
machine's: Debian's fonts-inter was installed for the picture that is in the repository.
"""

import http.client
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser  # noqa: E402 - together with the two below

from tests.integration.browser import browser  # noqa: E402 - found by the line above
from tests.integration.serving import COMMANDS, Server, serve  # noqa: E402 - as above

WIDTHS = (360, 768, 1440)
RUNS = 20  # as many as a strip shows
ATTEMPTS = 8
REFUSED = (4, 12, 18, 19)
LONG = "catalog.import_prices"
PAUSED = "reports.weekly_digest"


def main(arguments: list[str]) -> None:
    """Take the picture, or all of them."""
    command = COMMANDS["uvicorn-2-workers"]
    with (
        TemporaryDirectory() as folder,
        serve(command, "lively:app", Path(folder), apps=ROOT / "docs" / "images") as server,
        browser() as chromium,
    ):
        rehearse(server)
        if not arguments:
            take(chromium, server, 1280, "light", ROOT / "docs" / "images" / "dashboard.png")
            return
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                take(chromium, server, width, scheme, Path(arguments[0]) / f"{width}-{scheme}.png")


def rehearse(server: Server) -> None:
    """Start every task by hand until there are enough runs to show."""
    tasks = [task["name"] for task in server.get("/ostinato/api/tasks").json()]
    for number in range(RUNS):
        refused = server.folder / "refused"
        refused.touch() if number in REFUSED else refused.unlink(missing_ok=True)
        for name in tasks:
            if name != LONG:
                start(server, name)
        time.sleep(0.4)  # noqa: TID251 - a picture of things that take time
    steer(server, "pause", name=PAUSED, reason="waiting for the new template")
    start(server, LONG)
    time.sleep(12)  # noqa: TID251 - as above


def start(server: Server, name: str) -> None:
    """Start a run, once the one before has ended."""
    while steer(server, "trigger", name=name) == http.HTTPStatus.CONFLICT:
        time.sleep(0.05)  # noqa: TID251 - as above


def steer(server: Server, path: str, **body: str) -> int:
    """Send what steers; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    try:
        headers = {"Content-Type": "application/json", "X-Ostinato": "1"}
        connection.request("POST", f"/ostinato/api/{path}", json.dumps(body), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def take(chromium: Browser, server: Server, width: int, scheme: str, file: Path) -> None:
    """Take the page at *width*."""
    for _ in range(ATTEMPTS):
        page = chromium.new_page(
            viewport={"width": width, "height": 1000},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
        )
        page.goto(f"http://127.0.0.1:{server.port}/ostinato/")
        page.locator("#ribbon .due").wait_for()
        page.locator(".task .strip .good").first.wait_for()
        # Only the worker that runs it knows how far it is, and a connection stays with its worker.
        has_progress = page.locator(".task progress").count() > 0
        page.screenshot(path=file)
        page.close()
        if has_progress:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
