"""Reproduce the measured defects of fastapi-utils, and run the same programs on ostinato.

Each probe below is a small program that uses `repeat_every` or `FastAPISessionMaker`. It runs in
a process of its own, once with each library, and says what it saw and whether that is the defect.
What fastapi-utils does not show on this Python is left out of the table and named below it.

Run it where both are installed, for example:

    uv venv --python 3.12 /tmp/defects
    uv pip install --python /tmp/defects/bin/python . 'fastapi-utils[all]==0.8.0' uvicorn
    /tmp/defects/bin/python benchmarks/upstream_defects.py

`--only NAME` runs the probes whose name contains NAME. Exit status 1: ostinato shows a defect.
"""

import argparse
import asyncio
import contextvars
import functools
import gc
import importlib
import importlib.metadata
import json
import logging
import math
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import Column, Integer, MetaData, Table, event, text
from sqlalchemy.orm import Session, registry

LIBRARIES = {"fastapi-utils": "fastapi_utils", "ostinato": "ostinato"}
LIMIT_IN_SECONDS = 60
FAILURES = 3  # how many runs a probe waits for before it believes that a repetition goes on
PATIENCE = 0.5  # for how long it waits for them; 100 times the period of the probes' tasks
PERIOD = 0.005


class Seen(NamedTuple):
    """What a probe saw, and whether it is the defect."""

    defective: bool
    text: str


class Library(NamedTuple):
    """The parts of a library that the probes use."""

    name: str
    repeat_every: Callable[..., Any]
    FastAPISessionMaker: type[Any]


Probe = Callable[[Library], Seen | Awaitable[Seen]]
PROBES: dict[str, tuple[str, Probe]] = {}


def probe(name: str, title: str) -> Callable[[Probe], Probe]:
    """Put a probe into the table as *name*, under the row's *title*."""

    def register(function: Probe) -> Probe:
        PROBES[name] = (title, function)
        return function

    return register


@probe("arguments", "`seconds` that cannot work is accepted")
def arguments(library: Library) -> Seen:
    """Declare with values that no wait can be made of."""
    hopeless: list[object] = [True, False, math.nan, math.inf, -math.inf, 0, -1, "5", None, 1j, []]
    accepted = 0
    for value in hopeless:
        try:
            library.repeat_every(seconds=value)(idle)
        except (TypeError, ValueError):
            continue
        accepted += 1
    return Seen(accepted > 0, f"{accepted} of {len(hopeless)} values accepted")


@probe("nan", "`seconds=float('nan')` spoils the order of the application's timers, or stops")
async def nan(library: Library) -> Seen:
    """Count the application's timers that fire out of their order beside the repetition."""
    runs: list[None] = []
    timers, fired = 1000, []

    async def count() -> None:
        runs.append(None)

    try:
        start = library.repeat_every(seconds=math.nan)(count)
    except ValueError as error:
        return Seen(defective=False, text=f"refused: {short(error)}")
    loop = asyncio.get_running_loop()
    await start()
    chance = random.Random(1)  # noqa: S311 - a repeatable order, no secret
    for _ in range(timers):
        due = loop.time() + chance.uniform(0.05, 0.4)
        loop.call_at(due, fired.append, due)
    ended = threading.Event()
    threading.Timer(1, ended.set).start()
    # Counted in turns of the loop, whose own timers cannot be trusted here.
    while not ended.is_set():
        await asyncio.sleep(0)
    if len(runs) == 1:
        return Seen(defective=True, text="ended after 1 run, without a log record")
    disorder = sum(1 for one, other in pairwise(fired) if one > other)
    return Seen(
        disorder > 0 or len(fired) < timers, f"{disorder} of {timers} timers fired after later ones"
    )


@probe("zero", "`seconds=0` spins")
async def zero(library: Library) -> Seen:
    """Count the runs of half a second."""
    runs: list[None] = []

    async def count() -> None:
        runs.append(None)

    try:
        start = library.repeat_every(seconds=0)(count)
    except ValueError as error:
        return Seen(defective=False, text=f"refused: {short(error)}")
    await start()
    await asyncio.sleep(0.5)
    return Seen(len(runs) > 1000, f"{len(runs) * 2:,} runs a second")


@probe("parameter", "A function with a required parameter never runs")
async def parameter(library: Library) -> Seen:
    """Start a function that nobody can call without arguments."""
    runs: list[object] = []

    def needs(db: object) -> None:
        runs.append(db)

    return await refused_or_runs(library, needs, runs)


@probe("generator", "A generator function never runs")
async def generator(library: Library) -> Seen:
    """Start a function with a `yield` in it."""
    runs: list[object] = []

    def yields() -> Iterator[None]:
        runs.append(None)
        yield

    return await refused_or_runs(library, yields, runs)


@probe("async-generator", "An async generator function never runs")
async def async_generator(library: Library) -> Seen:
    """Start an `async def` with a `yield` in it."""
    runs: list[object] = []

    async def yields() -> AsyncIterator[None]:
        runs.append(None)
        yield

    return await refused_or_runs(library, yields, runs)


@probe("async-call", "An instance with `async def __call__` never runs")
async def async_call(library: Library) -> Seen:
    """Start an instance whose call is a coroutine."""
    runs: list[object] = []

    class Cleaner:
        async def __call__(self) -> None:
            runs.append(None)

    return await refused_or_runs(library, Cleaner(), runs)


@probe("awaitable", "The awaitable that a plain function returns is never awaited")
async def awaitable(library: Library) -> Seen:
    """Start a lambda around a coroutine function."""
    runs: list[object] = []

    async def clean(_: str) -> None:
        runs.append(None)

    return await refused_or_runs(library, lambda: clean("all"), runs)


@probe("arity", "A hook that takes no exception ends the repetition")
async def arity(library: Library) -> Seen:
    """Declare an `on_exception` without a parameter."""
    runs: list[None] = []

    try:
        start = library.repeat_every(seconds=PERIOD, on_exception=lambda: None)(failing(runs))
    except TypeError as error:
        return Seen(defective=False, text=f"refused: {short(error)}")
    await start()
    return await goes_on(runs)


@probe("double-start", "Starting twice makes two loops")
async def double_start(library: Library) -> Seen:
    """Start one function twice and count the runs of its first 20 ms of a long period."""
    runs: list[None] = []

    async def count() -> None:
        runs.append(None)

    start = library.repeat_every(seconds=3600)(count)
    await start()
    await start()
    await asyncio.sleep(0.1)
    return Seen(len(runs) > 1, f"loops: {len(runs)}")


@probe("router", "A router's start-up handler makes two loops")
async def router(library: Library) -> Seen:
    """Start it by `@router.on_event`, whose handlers FastAPI calls twice."""
    runs: list[None] = []

    async def count() -> None:
        runs.append(None)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        routes = APIRouter()
        routes.on_event("startup")(library.repeat_every(seconds=3600)(count))
        app = FastAPI()
        app.include_router(routes)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.1)
    return Seen(len(runs) > 1, f"loops: {len(runs)}")


@probe("context", "Context variables leak from run to run")
async def context(library: Library) -> Seen:
    """Count up a context variable in each run."""
    variable = contextvars.ContextVar("variable", default=0)
    found: list[int] = []

    async def count() -> None:
        found.append(variable.get())
        variable.set(variable.get() + 1)

    await library.repeat_every(seconds=PERIOD, max_repetitions=5)(count)()
    await until(lambda: len(found) == 5)
    return Seen(any(found), f"each run found {found}")


@probe("collection", "The garbage collector takes a run in mid-run")
async def collection(library: Library) -> Seen:
    """Collect while a run waits for a future that it alone knows."""
    ended: list[str] = []
    waiting = asyncio.Event()

    async def wait() -> None:
        try:
            future = asyncio.get_running_loop().create_future()
            waiting.set()
            await future
        except BaseException as error:
            ended.append(type(error).__name__)
            raise

    await library.repeat_every(seconds=PERIOD)(wait)()
    await waiting.wait()
    await asyncio.sleep(0)
    gc.collect()
    killed = bool(ended)
    return Seen(killed, f"the run died of {ended[0]}" if killed else "the run lives")


@probe("silent", "A run that fails leaves no trace")
async def silent(library: Library) -> Seen:
    """Count the log records of runs that fail, with the arguments' defaults."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign] # a recorder in one line
    logging.getLogger().addHandler(handler)
    runs: list[None] = []
    await library.repeat_every(seconds=PERIOD, max_repetitions=3)(failing(runs))()
    await until(lambda: len(runs) == 3)
    await asyncio.sleep(0.05)
    return Seen(not records, f"{len(records)} log records for {len(runs)} failures")


@probe("hook", "A hook that raises ends the repetition")
async def hook(library: Library) -> Seen:
    """Raise another error in `on_exception`."""
    runs: list[None] = []

    def broken(_: Exception) -> None:
        raise LookupError("the hook is broken")

    await library.repeat_every(seconds=PERIOD, on_exception=broken)(failing(runs))()
    return await goes_on(runs)


@probe("cancelled-error", "A `CancelledError` from the function ends the repetition in silence")
async def cancelled_error(library: Library) -> Seen:
    """Raise what an awaited, cancelled task of the function's own would raise."""
    runs: list[None] = []

    async def cancelled() -> None:
        runs.append(None)
        inner = asyncio.ensure_future(asyncio.sleep(60))
        inner.cancel()
        await inner

    await library.repeat_every(seconds=PERIOD)(cancelled)()
    return await goes_on(runs)


@probe("system-exit", "A `SystemExit` from the function takes the server down")
def system_exit(library: Library) -> Seen:
    """Leave the function the way `sys.exit()` in some helper of it would."""
    runs: list[None] = []

    async def leave() -> None:
        runs.append(None)
        sys.exit(3)

    async def serve() -> Seen:
        await library.repeat_every(seconds=PERIOD)(leave)()
        return await goes_on(runs)

    try:
        return asyncio.run(serve())
    except SystemExit:
        return Seen(defective=True, text=f"the server ended after {len(runs)} run")


@probe("group", "A group with a `CancelledError` in it ends the repetition")
async def group(library: Library) -> Seen:
    """Raise a `BaseExceptionGroup`, as a task group may."""
    runs: list[None] = []

    async def fail() -> None:
        runs.append(None)
        raise BaseExceptionGroup("two", [asyncio.CancelledError(), ValueError("one")])

    await library.repeat_every(seconds=PERIOD)(fail)()
    return await goes_on(runs)


@probe("warnings", "With `-W error` and `logger=` the first failure ends the repetition")
async def warnings_as_errors(library: Library) -> Seen:
    """Turn warnings into errors and give a logger."""
    runs: list[None] = []
    logger = logging.getLogger("probe")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    warnings.simplefilter("error")
    await library.repeat_every(seconds=PERIOD, logger=logger)(failing(runs))()
    return await goes_on(runs)


@probe("logger", "A logger that raises ends the repetition")
async def logger_raises(library: Library) -> Seen:
    """Give a logger whose `error` fails."""
    runs: list[None] = []

    class Broken:
        def error(self, *_: object) -> None:
            raise OSError("no space left")

    await library.repeat_every(seconds=PERIOD, logger=Broken())(failing(runs))()
    return await goes_on(runs)


@probe("eager", "With an eager task factory the first run delays the start-up")
async def eager(library: Library) -> Seen:
    """Start a function that blocks for 200 ms where tasks start eagerly."""
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        return Seen(defective=False, text="this Python has no eager tasks")
    asyncio.get_running_loop().set_task_factory(factory)

    async def block() -> None:
        time.sleep(0.2)  # noqa: ASYNC251 - the defect is that start-up waits for it

    began = time.perf_counter()
    await library.repeat_every(seconds=3600)(block)()
    took = time.perf_counter() - began
    return Seen(took > 0.1, f"the start took {took * 1000:.0f} ms")


@probe("threads", "40 slow functions delay a `def` endpoint")
async def threads(library: Library) -> Seen:
    """Ask a real server's `def` endpoint while 40 functions block for a second."""
    app = FastAPI()
    app.get("/")(idle)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    port = listening.getsockname()[1]
    before = [await ask(port) for _ in range(5)]
    for number in range(40):
        await library.repeat_every(seconds=3600)(functools.partial(slow, number))()
    await asyncio.sleep(0.1)
    during = await ask(port)
    server.should_exit = True
    await serving
    text = f"{statistics.median(before) * 1000:.0f} ms before, {during * 1000:.0f} ms during"
    return Seen(during > 0.3, text)


@probe("wait-first", "`wait_first=True` waits one second, whatever the period")
async def wait_first(library: Library) -> Seen:
    """Measure the first wait of a task with a period of 0.2 s."""
    ran = asyncio.Event()

    async def run() -> None:
        ran.set()

    began = time.perf_counter()
    await library.repeat_every(seconds=0.2, wait_first=True)(run)()
    await ran.wait()
    took = time.perf_counter() - began
    return Seen(took > 0.5, f"first run after {took:.1f} s of a period of 0.2 s")


@probe("engines", "Threads that race for the cached engine make several")
def engines(library: Library) -> Seen:
    """Ask for the engine of a new maker from 16 threads at once, 50 times."""
    most = 0
    for _ in range(50):
        maker, barrier = library.FastAPISessionMaker("sqlite://"), threading.Barrier(16)
        made: list[object] = []

        def race(maker: Any, barrier: threading.Barrier, made: list[object]) -> None:  # noqa: ANN401 - either library's
            barrier.wait()
            made.append(maker.cached_engine)

        asking = [threading.Thread(target=race, args=(maker, barrier, made)) for _ in range(16)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        most = max(most, len({id(engine) for engine in made}))
    return Seen(most > 1, f"engines of one maker: {most}")


@probe("reset", "`reset_cache` leaves connections open")
def reset(library: Library) -> Seen:
    """Count the connections that `reset_cache` closes and that stay open behind it."""
    with tempfile.TemporaryDirectory() as folder:
        maker = library.FastAPISessionMaker(f"sqlite:///{folder}/test.db?check_same_thread=False")
        opened: list[None] = []
        closed: list[None] = []
        event.listen(maker.cached_engine, "connect", lambda *_: opened.append(None))
        event.listen(maker.cached_engine, "close", lambda *_: closed.append(None))
        with maker.context_session() as session:
            session.execute(text("SELECT 1"))
        maker.reset_cache()
        left = len(opened) - len(closed)
    return Seen(left > 0, f"{left} of {len(opened)} connections left open")


@probe("commit", "A commit that fails is answered with 200")
async def commit(library: Library) -> Seen:
    """Insert a duplicate, which the session finds out when it commits."""
    with tempfile.TemporaryDirectory() as folder:
        status = await answer_of_a_failing_commit(library, Path(folder))
    return Seen(status == 200, f"answered {status}")


async def answer_of_a_failing_commit(library: Library, folder: Path) -> int:
    """Return the status of a request whose session fails to commit."""
    mapped = registry()
    table = Table("token", MetaData(), Column("id", Integer, primary_key=True))

    class Token:
        pass

    mapped.map_imperatively(Token, table)
    maker = library.FastAPISessionMaker(f"sqlite:///{folder}/test.db?check_same_thread=False")
    table.metadata.create_all(maker.cached_engine)
    with maker.context_session() as session:
        session.execute(table.insert().values(id=1))
    # What each library offers for endpoints.
    ready = maker.depends() if hasattr(maker, "depends") else Depends(maker.get_db)
    app = FastAPI()

    @app.post("/")
    def add(db: Session = ready) -> None:
        token = Token()
        token.id = 1  # type: ignore[attr-defined] # mapped above
        db.add(token)

    return await post(app)


async def post(app: FastAPI) -> int:
    """POST to *app* as a server does, and return the status that it sends."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b""}
    scope |= {"headers": [], "http_version": "1.1", "scheme": "http", "root_path": ""}
    # The application's error goes on to the server, which logs it.
    with suppress(Exception):
        await app(scope, receive, send)
    return int(sent[0]["status"])


def idle() -> None:
    """Do nothing, in a thread."""


async def nothing() -> None:
    """Do nothing, on the loop."""


def slow(_number: int) -> None:
    """Block for a second."""
    time.sleep(1)


def failing(runs: list[None]) -> Callable[[], Awaitable[None]]:
    """Return a function that notes its run and fails."""

    async def fail() -> None:
        runs.append(None)
        raise ValueError("failed")

    return fail


async def refused_or_runs(library: Library, function: object, runs: list[object]) -> Seen:
    """Declare and start *function*; it is a defect if it is accepted and does not run."""
    warnings.simplefilter("ignore", RuntimeWarning)
    try:
        start = library.repeat_every(seconds=PERIOD)(function)
    except TypeError as error:
        return Seen(defective=False, text=f"refused: {short(error)}")
    await start()
    await until(lambda: bool(runs))
    return Seen(not runs, "it runs" if runs else f"0 runs in {PATIENCE} s, and no error")


async def goes_on(runs: list[None]) -> Seen:
    """Wait for more runs; it is a defect if there are none."""
    await until(lambda: len(runs) >= FAILURES)
    ended = len(runs) < FAILURES
    return Seen(ended, f"ended after {len(runs)} run" if ended else "it goes on")


async def until(happened: Callable[[], bool]) -> None:
    """Wait until it *happened*, or the patience ends."""
    for _ in range(int(PATIENCE / 0.005)):
        if happened():
            return
        await asyncio.sleep(0.005)


async def ask(port: int) -> float:
    """GET / and return how long the answer took."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    await reader.read()
    writer.close()
    return time.perf_counter() - began


def short(error: Exception) -> str:
    """Return what an error says, without its remedy."""
    return str(error).partition(";")[0]


def run_probe(name: str, distribution: str) -> None:
    """Run one probe with one library, here, and print what it saw."""
    package = LIBRARIES[distribution]
    library = Library(
        distribution,
        importlib.import_module(f"{package}.tasks").repeat_every,
        importlib.import_module(f"{package}.session").FastAPISessionMaker,
    )
    _, function = PROBES[name]
    logging.getLogger("asyncio").disabled = True
    logging.lastResort = None
    seen = function(library)
    if not isinstance(seen, Seen):
        seen = asyncio.run(awaited(seen))
    print(json.dumps(seen), flush=True)
    # Some probes leave behind what a loop does not get rid of.
    os._exit(0)


async def awaited(seen: Awaitable[Seen]) -> Seen:
    """Await an asynchronous probe and print at once: the loop may not come to its end."""
    result = await seen
    print(json.dumps(result), flush=True)
    os._exit(0)


def observe(name: str, distribution: str) -> Seen:
    """Run one probe with one library in a process of its own."""
    command = [sys.executable, __file__, "--probe", name, "--library", distribution]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_IN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Seen(defective=True, text=f"hung for {LIMIT_IN_SECONDS} s")
    if ended.returncode != 0 or not ended.stdout:
        sys.exit(f"{name} with {distribution}: {' '.join(command)} failed\n{ended.stderr}")
    return Seen(*json.loads(ended.stdout.splitlines()[0]))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME")
    parser.add_argument("--probe", choices=PROBES, help=argparse.SUPPRESS)
    parser.add_argument("--library", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.probe:
        run_probe(options.probe, options.library)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    print(f"Python {platform.python_version()}, {platform.system()}\n")
    print(f"| | {' | '.join(versions)} |\n|---|---|---|", flush=True)
    absent, ours = [], []
    for name, (title, _) in PROBES.items():
        if options.only not in name:
            continue
        theirs, own = (observe(name, distribution) for distribution in LIBRARIES)
        if own.defective:
            ours.append(f"{name}: {own.text}")
        if theirs.defective:
            print(f"| {title} | {theirs.text} | {own.text} |", flush=True)
        else:
            absent.append(f"{name}: {theirs.text}")
    if absent:
        print(f"\nNot seen with {versions[0]} here:", *absent, sep="\n  ")
    if ours:
        print(f"\nSeen with {versions[1]} too:", *ours, sep="\n  ")
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
