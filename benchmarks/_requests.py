"""One case of `requests`: a uvicorn process, and this one, which asks it as fast as it answers.

Started as `python -m benchmarks._requests <subject> <phases>`; prints one JSON object. The ticks
are switched on and off in one server, again and again: so that both find it in the same state.
"""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from statistics import median, quantiles

from fastapi import FastAPI

from benchmarks._latency import wait_for
from benchmarks._schedulers import SUBJECTS, Subject

__all__ = ["measure", "served"]

TASKS = 1_000
PERIOD = 1.0
CONNECTIONS = 16
# How often the ticks are switched on, for how long, and how long after a switch is not counted.
TURNS = 4
WINDOW = 2.0
SETTLING = 1.2
# After that the case is given up, and the server with it.
LONGEST = 120.0

_Figures = dict[str, float]


def served() -> FastAPI:
    """Make the application; `SUBJECT` and `PHASES` say what ticks beside its endpoints."""
    app = FastAPI()
    ticking: list[Subject] = []

    @app.get("/")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    @app.get("/cpu")
    async def cpu() -> float:
        return time.process_time()

    @app.get("/on")
    async def on() -> None:
        ticking.append(_subject())
        await ticking[0].start()

    @app.get("/off")
    async def off() -> None:
        await ticking.pop().stop()

    return app


def _subject() -> Subject:
    chance = random.Random(1)  # noqa: S311 - the same phases for every case
    subject = SUBJECTS[os.environ["SUBJECT"]]()
    for _ in range(TASKS):
        share = chance.random() if os.environ["PHASES"] == "scattered" else 0.5
        subject.declare(_nothing, PERIOD, 0.2 + round(share * PERIOD, 3))
    return subject


async def _nothing() -> None:
    """Be repeated."""


class Client(asyncio.Protocol):
    """One connection, which asks again as soon as it was answered."""

    def __init__(self, path: str) -> None:
        """Prepare to ask for *path*."""
        self._request = f"GET {path} HTTP/1.1\r\nHost: benchmark\r\n\r\n".encode()
        self._answer = b""
        self._length = 0
        self._begun = 0.0
        self.is_asking = True
        self.latencies: list[float] = []
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Note how long the answer took, and ask again."""
        self._answer += data
        if not self._length:
            head, found, _ = self._answer.partition(b"\r\n\r\n")
            if not found:
                return
            _, _, length = head.lower().partition(b"content-length:")
            self._length = len(head) + 4 + int(length.split(b"\r\n")[0])
        if len(self._answer) < self._length:
            return
        self.latencies.append(time.perf_counter() - self._begun)
        if self.is_asking:
            self._ask()
        else:
            self._transport.close()
            self.answered.set_result(self._answer.partition(b"\r\n\r\n")[2])

    def _ask(self) -> None:
        self._answer, self._length = b"", 0
        self._begun = time.perf_counter()
        self._transport.write(self._request)


async def measure(port: int) -> _Figures:
    """Ask the server at *port*, with and without ticks in turn, and return the medians."""
    await _load(port, SETTLING)
    rounds: list[tuple[_Figures, _Figures]] = []
    for _ in range(TURNS):
        without = await _load(port, WINDOW)
        await _ask(port, "/on")
        await asyncio.sleep(SETTLING)
        ticking = await _load(port, WINDOW)
        await _ask(port, "/off")
        await asyncio.sleep(SETTLING / 2)
        rounds.append((without, ticking))
    figures: _Figures = {}
    for figure in ("requests per second", "99th percentile"):
        figures[f"{figure}, without ticks"] = median(without[figure] for without, _ in rounds)
        figures[f"{figure}, with ticks"] = median(ticking[figure] for _, ticking in rounds)
    for figure, name in (
        ("requests per second", "requests"),
        ("99th percentile", "99th percentile"),
        ("CPU per request", "CPU per request"),
    ):
        ratios = (ticking[figure] / without[figure] for without, ticking in rounds)
        figures[f"{name}, with to without"] = median(ratios)
    return figures


async def _load(port: int, seconds: float) -> _Figures:
    """Keep all connections busy for so many *seconds*."""
    cpu, begun = float(await _ask(port, "/cpu")), time.perf_counter()
    clients = [await _connect(port, "/") for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for client in clients:
        client.is_asking = False
    await asyncio.gather(*(client.answered for client in clients))
    elapsed, latencies = time.perf_counter() - begun, []
    for client in clients:
        latencies += client.latencies
    return {
        "requests per second": len(latencies) / elapsed,
        "99th percentile": quantiles(latencies, n=100)[98] * 1e3,
        "CPU per request": (float(await _ask(port, "/cpu")) - cpu) / len(latencies),
    }


async def _connect(port: int, path: str) -> Client:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(path), "127.0.0.1", port)
    return client


async def _ask(port: int, path: str) -> bytes:
    """Ask once, and return the answer's body."""
    client = await _connect(port, path)
    client.is_asking = False
    return await client.answered


def main(subject: str, phases: str) -> None:
    """Measure the case that the arguments name and print it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "--factory", "benchmarks._requests:served"),
            *("--port", str(port), "--log-level", "critical", "--loop", "asyncio"),
        ],
        env={**os.environ, "SUBJECT": subject, "PHASES": phases},
    )
    try:
        wait_for(port)
        print(json.dumps(asyncio.run(asyncio.wait_for(measure(port), LONGEST))))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
