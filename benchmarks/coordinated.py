"""What a tick costs that workers share through a store, beside other libraries' over such stores.

100 tasks that are due together at every second: CPU, lateness, statements; and the same idle. Needs
the library installed, and the servers of the tests, with `psql` and `redis-cli`.
"""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks._environments import environment, interpreters
from benchmarks._harness import Case, Comparison, arguments_of, print_table, run_rounds
from benchmarks._servers import Served, served

__all__ = ["main"]

_PEERS = (
    "apscheduler==3.11.3",
    "cronsim==2.8",
    "fastapi==0.165.0",
    "fastapi-crons==2.5.0",
    "fastapi-task-manager==1.1.1",
    "procrastinate==3.10.0",
    "psycopg[binary,pool]==3.3.9",
    "redis==8.1.0",
    "sqlalchemy==2.1.9",
)
# It has the name of its predecessor, and needs what anyio no longer brings.
_APSCHEDULER_4 = (
    "aiosqlite==0.22.1",
    "apscheduler==4.0.0a6",
    "asyncpg==0.32.0",
    "sniffio==1.3.1",
    "sqlalchemy[asyncio]==2.0.58",
)
_SUBJECTS = (
    ("bare coroutine, no store", "bare", "none"),
    ("ostinato, SQLite", "ostinato", "sqlite"),
    ("ostinato, PostgreSQL", "ostinato", "postgresql"),
    ("ostinato, Redis", "ostinato", "redis"),
    ("APScheduler 3, SQLite", "apscheduler3", "sqlite"),
    ("APScheduler 4, SQLite", "apscheduler4", "sqlite"),
    ("APScheduler 4, PostgreSQL", "apscheduler4", "postgresql"),
    ("procrastinate, PostgreSQL", "procrastinate", "postgresql"),
    ("fastapi-crons, Redis", "fastapi_crons", "redis"),
    ("fastapi-task-manager, Redis", "task_manager", "redis"),
)


@dataclass(frozen=True, slots=True)
class _FreshCase(Case):
    """A case whose store is emptied before.

    Attributes:
        emptying: The command that does it.
    """

    emptying: tuple[str, ...] = ()

    def measure(self) -> dict[str, float]:
        subprocess.run(self.emptying, check=True, stdout=subprocess.DEVNULL)
        return Case.measure(self)


def main() -> None:
    """Measure on every Python that was asked for, and print the tables."""
    arguments = arguments_of(__doc__ or "", rounds=3).parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = served(stack, folder)
        comparisons = [
            Comparison(f"{version}, {workload}", _cases(version, python, workload, stores))
            for version, python in interpreters(arguments.python).items()
            for workload in ("together", "counted", "idle")
        ]
        run_rounds("coordinated", comparisons, arguments)
    units = {
        "CPU per tick": "us",
        "ticks per second": "1/s",
        "late p50": "ms",
        "late p99": "ms",
        "statements per tick": "",
        "statements per minute": "",
        "CPU, ms/min": "",
    }
    for figure, unit in units.items():
        print_table([each for each in comparisons if figure in each.figures], figure, unit)


def _cases(version: str, python: Path, workload: str, stores: dict[str, Served]) -> list[Case]:
    own = environment(f"{version}-coordinated", python, *_PEERS)
    newer = environment(f"{version}-coordinated-apscheduler-4", python, *_APSCHEDULER_4)
    found: list[Case] = []
    for title, subject, kind in _SUBJECTS:
        # Servers count what they are sent, whatever is measured beside.
        counted = "idle-counted" if workload == "idle" else workload
        if workload == "counted" and kind not in ("none", "sqlite"):
            continue
        address, log, emptying = stores[kind]
        executable = newer if subject == "apscheduler4" else own
        if subject in ("bare", "ostinato"):
            executable = Path(sys.executable)
        command = (executable, "-m", "benchmarks._coordinated", subject, counted, address, log)
        found.append(_FreshCase(title, command, 90, emptying))
    return found


if __name__ == "__main__":
    main()
