"""The servers that stores are measured on."""

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.support.servers import postgresql, redis

__all__ = ["Served", "served"]

# An address, the log of what is sent there, and the command that empties it.
Served = tuple[str, str, tuple[str, ...]]
_EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


def served(stack: ExitStack, folder: Path) -> dict[str, Served]:
    """Start the servers; return of each store its address, its log, and what empties it."""
    database, memory = stack.enter_context(postgresql()), stack.enter_context(redis(folder))
    psql = (shutil.which("psql") or "psql", database.address, "-qc")
    for setting in ("ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"):
        subprocess.run([*psql, setting], check=True, stdout=subprocess.DEVNULL)
    client = (shutil.which("redis-cli") or "valkey-cli", "-p", str(memory.port))
    said = folder / "commands"
    output = stack.enter_context(said.open("wb"))
    listening = subprocess.Popen([*client, "monitor"], stdout=output)
    stack.callback(listening.wait)
    stack.callback(listening.kill)
    file = folder / "state.db"
    emptied = ("rm", "-f", *(f"{file}{end}" for end in ("", "-wal", "-shm")))
    return {
        "none": ("-", "-", ("true",)),
        "sqlite": (f"sqlite:///{file}", "-", emptied),
        "postgresql": (database.address, str(database._log), (*psql, _EMPTY)),  # noqa: SLF001 - it tells nobody
        "redis": (memory.address, str(said), (*client, "flushall")),
    }
