"""What an open dashboard costs: the server's time, and the event loop's share of it.

`python -m benchmarks.dashboard`, with the library and Starlette installed: over SQLite, with 100
records of each of 100 tasks, and of 1,000. The application is asked in the process itself, without
a server, whose own cost is not the dashboard's.
"""

import asyncio
import gzip
import logging
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.overview import fill
from ostinato import Scheduler

_TIMES = 50
_POLL = 2.0


async def _get(app: Callable[..., Any], tag: str | None) -> tuple[dict[str, Any], bytes]:
    """Return how *app* begins its answer, and its body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"app")] + ([] if tag is None else [(b"if-none-match", tag.encode())])
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/api/overview"}
    scope |= {"root_path": "", "query_string": b"", "headers": headers, "http_version": "1.1"}
    await app(scope, receive, send)
    return sent[0], sent[1]["body"]


async def _measure(address: str, names: list[str]) -> None:
    scheduler = Scheduler(address, name="benchmark", enabled=True, poll=60)
    for name in names:
        scheduler.every(minutes=1, name=name)(lambda: None)
    async with scheduler.running():
        app = scheduler.asgi_dashboard(insecure=True)
        start, body = await _get(app, None)
        tag = dict(start["headers"])[b"etag"].decode()
        print(f"{len(names)} tasks: {len(body):,} bytes, {len(gzip.compress(body)):,} compressed")
        await _time("  all is sent", app, None, 200)
        await _time("  nothing has changed", app, tag, 304)


async def _time(title: str, app: Callable[..., Any], tag: str | None, status: int) -> None:
    taken: list[tuple[float, ...]] = []
    for _ in range(_TIMES):
        begun = time.perf_counter(), time.process_time(), time.thread_time()
        start, _ = await _get(app, tag)
        tag = tag and dict(start["headers"])[b"etag"].decode()
        ended = time.perf_counter(), time.process_time(), time.thread_time()
        figures: tuple[float, ...] = tuple(
            (end - start) * 1e3 for start, end in zip(begun, ended, strict=True)
        )
        if start["status"] == status:
            taken.append(figures)
    wall, cpu, loop = (sorted(each)[len(each) // 2] for each in zip(*taken, strict=True))
    share = loop / _POLL / 10
    print(
        f"{title:24} {wall:7.1f} ms, CPU {cpu:6.1f} ms, of that on the event loop {loop:5.2f} ms: "
        f"{share:.2f} % of a core, asked every {_POLL:g} s"
    )


def main() -> None:
    """Fill a store of each size, and ask."""
    logging.disable()
    for number in (100, 1_000):
        with tempfile.TemporaryDirectory() as folder:
            address = f"sqlite:///{folder}/state.db"
            names = [f"app.task_{each:04}" for each in range(number)]
            fill(address, names)
            asyncio.run(_measure(address, names))


if __name__ == "__main__":
    main()
