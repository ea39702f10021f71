"""One case of `endpoint_latency`: a uvicorn process, and a client that asks it again and again."""

import http.client
import importlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import quantiles

from fastapi import FastAPI

__all__ = ["measure", "served", "wait_for"]

_MODULES = {"ostinato": "ostinato", "fastapi-utils": "fastapi_utils.tasks"}
_BLOCKED = 0.5  # seconds: what a slow task does, such as asking another server
_PERIOD = 0.1
_REQUESTS = 300
_WARM_UP = 10
# Where a request takes half a second, fewer have to do.
_LONGEST = 10.0
_PATIENCE = 60.0


def served() -> FastAPI:
    """Make the application; `REPEATER` and `TASKS` say what repeats beside its endpoint."""
    module = importlib.import_module(_MODULES[os.environ["REPEATER"]])
    repeat: Callable[..., Callable[..., Callable[[], Awaitable[object]]]] = module.repeat_every

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        for _ in range(int(os.environ["TASKS"])):
            # A function of its own for each: they are forty tasks, not one.
            await repeat(seconds=_PERIOD)(lambda: time.sleep(_BLOCKED))()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app


def measure(repeater: str, tasks: str) -> dict[str, float]:
    """Serve with so many slow *tasks* and return the endpoint's latencies in milliseconds."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "--factory", "benchmarks._latency:served"),
            *("--port", str(port), "--log-level", "critical"),
        ],
        env={**os.environ, "REPEATER": repeater, "TASKS": tasks},
    )
    try:
        wait_for(port)
        for _ in range(_WARM_UP):
            _latency(port)
        latencies: list[float] = []
        while len(latencies) < _REQUESTS and sum(latencies) < _LONGEST:
            latencies.append(_latency(port))
    finally:
        server.kill()
        server.wait()
    percentiles = quantiles(latencies, n=100)
    return {"median": percentiles[49] * 1000, "99th percentile": percentiles[98] * 1000}


def _latency(port: int) -> float:
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
    return time.perf_counter() - started


def wait_for(port: int) -> None:
    """Return when a server answers at *port*."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server did not start")


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
