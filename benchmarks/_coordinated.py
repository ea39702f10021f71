"""One case of `coordinated`: 100 tasks whose ticks are shared, in a process of its own.

Started as `python -m benchmarks._coordinated <subject> <workload> <store> <log of the server>`;
prints one JSON object. Workloads: `together`, all due at every whole second; `idle`, none due;
`counted` and `idle-counted`, the same with statements of SQLite counted, which takes CPU.
"""

import asyncio
import json
import logging
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._coordinated_subjects import SUBJECTS

__all__ = ["counter_of", "main"]

_TASKS = 100
_SECONDS = 8.0
# How long subjects take to register all tasks, on a busy machine; they are measured from then on.
_BEFORE = 3.0
_SENT = re.compile(rb"LOG:  (?:statement|execute)")
# What scripts do in the server is no command that was sent.
_COMMANDED = re.compile(rb"\[\d+ (?!lua)[^\]]*\]")
_traced = [0]


def main() -> None:
    """Measure the case that the command line names."""
    logging.disable()
    _, subject, workload, store, log = sys.argv
    if workload.endswith("counted"):
        sqlite3.connect = sqlite3.dbapi2.connect = _connect_traced  # type: ignore[assignment]
    asyncio.run(_measure(subject, store, Path(log), is_idle=workload.startswith("idle")))


async def _measure(subject: str, store: str, log: Path, *, is_idle: bool) -> None:
    late: list[float] = []

    def note() -> None:
        late.append(time.time() % 1)

    sent = counter_of(store, log)
    async with SUBJECTS[subject](store, _TASKS, note, is_idle=is_idle):
        await asyncio.sleep(_BEFORE)
        # Half a second before ticks are due, for most of what was due to have ended.
        await asyncio.sleep(1.5 - time.time() % 1)
        late.clear()
        before, began, spent = sent(), time.perf_counter(), time.process_time()
        await asyncio.sleep(_SECONDS)
        took, spent = time.perf_counter() - began, time.process_time() - spent
        statements, ticks = sent() - before, sorted(late)
    told: dict[str, float] = {"ticks per second": len(ticks) / took}
    if is_idle:
        told = {"statements per minute": statements / took * 60, "CPU, ms/min": spent / took * 6e4}
    elif ticks:
        told["CPU per tick"] = spent / len(ticks) * 1e6
        told["late p50"] = ticks[len(ticks) // 2] * 1e3
        told["late p99"] = ticks[len(ticks) * 99 // 100] * 1e3
        told["statements per tick"] = statements / len(ticks)
    print(json.dumps(told), flush=True)


def counter_of(store: str, log: Path) -> Callable[[], int]:
    """Return what tells how many statements the *store* has been sent; transactions count."""
    if store.startswith("sqlite"):
        return lambda: _traced[0]
    sent = _SENT if store.startswith("postgresql") else _COMMANDED
    return lambda: len(sent.findall(log.read_bytes())) if log.exists() else 0


_connect = sqlite3.connect


def _connect_traced(*operands: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401 - whatever it takes
    connection: sqlite3.Connection = _connect(*operands, **options)

    def trace(_statement: str) -> None:
        _traced[0] += 1

    connection.set_trace_callback(trace)
    return connection


if __name__ == "__main__":
    main()
