"""How smooth the dashboard is with 1,000 tasks: its frames while it is scrolled and searched.

`python -m benchmarks.page`, with the library, FastAPI, uvicorn and Playwright installed, and
Debian's Chromium: over SQLite, with 100,000 records. Every task runs once a minute, so that each
poll brings some that have changed.
"""

import logging
import shutil
import socket
import statistics
import tempfile
import threading
import time
from typing import Any

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.overview import fill
from ostinato import Scheduler

_TASKS = [f"app.task_{number:04}" for number in range(1_000)]
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_SECONDS = 10
# Long tasks are those of more than 50 ms: what the browser itself calls so.
_WATCH = """() => {
  window.long = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.long.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });
}"""
_SCROLL = """async (seconds) => {
  window.long.length = 0;
  const frames = [];
  const end = performance.now() + seconds * 1000;
  let before = await new Promise(requestAnimationFrame), step = 40;
  while (before < end) {
    scrollBy(0, step);
    const bottom = document.documentElement.scrollHeight - innerHeight - 2;
    if (scrollY <= 0 || scrollY >= bottom) step = -step;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return { frames, long: window.long };
}"""
_SEARCH = """async (texts) => {
  const box = document.querySelector("#search");
  const taken = [];
  for (const text of texts) {
    const begun = performance.now();
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    taken.push(performance.now() - begun);
  }
  return taken;
}"""


def _serve(address: str) -> tuple[uvicorn.Server, int]:
    scheduler = Scheduler(address, name="benchmark", enabled=True)
    for number, name in enumerate(_TASKS):
        scheduler.every(minutes=1, name=name, start=number * 0.06)(lambda: None)
    app = FastAPI(lifespan=scheduler.lifespan)
    app.include_router(scheduler.router(insecure=True), prefix="/ostinato")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server, port


def _look(page: Page, port: int) -> None:
    begun = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/ostinato/")
    expect(page.locator("#list .task")).to_have_count(len(_TASKS), timeout=60_000)
    print(f"opened, all rows there {time.perf_counter() - begun:6.2f} s")
    page.evaluate(_WATCH)
    told: dict[str, Any] = page.evaluate(_SCROLL, _SECONDS)
    frames, long = sorted(told["frames"]), told["long"]
    p99 = frames[int(len(frames) * 0.99)]
    print(
        f"scrolled for {_SECONDS} s      {len(frames)} frames: "
        f"median {statistics.median(frames):.1f} ms, "
        f"99th percentile {p99:.1f} ms, longest {frames[-1]:.1f} ms; "
        f"{len(long)} tasks of more than 50 ms, the longest {max(long, default=0):.0f} ms"
    )
    taken = page.evaluate(_SEARCH, ["7", "77", "777", "77", "7", ""])
    print("searched, to the frame  " + ", ".join(f"{each:.0f}" for each in taken) + " ms")


def main() -> None:
    """Fill a store, serve it, and look at its page."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        address = f"sqlite:///{folder}/state.db"
        fill(address, _TASKS)
        server, port = _serve(address)
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for _ in range(3):
            _look(page, port)
        browser.close()
        server.should_exit = True


if __name__ == "__main__":
    main()
