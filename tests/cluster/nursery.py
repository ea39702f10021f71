"""Begins workers, each in a process of its own: forked off, for imports take longer than tests.

It is told in lines of JSON: `{"address": ..., "journal": ..., ...}` is answered by the number of a
worker's process, a number by how that process has ended.
"""

import asyncio
import json
import os
import sys

import psycopg  # noqa: F401 - so that no worker has to
import pymysql  # noqa: F401 - as above
import redis  # noqa: F401 - as above
import uvicorn  # noqa: F401 - as above
from working import work

from ostinato.stores import open_store


def begin(order: dict[str, object]) -> None:
    """Be the worker that was ordered."""
    complaints = os.open(str(order.pop("complaints")), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, file in enumerate((nothing, nothing, complaints)):
        os.dup2(file, number)
    asyncio.run(work(**order))


for address in ("sqlite:////nowhere", "postgresql://h/d", "mysql://h/d", "redis://h"):
    open_store(address)
print("ready", flush=True)
for line in sys.stdin:
    match json.loads(line):
        case int(pid):
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        case order:
            if not (pid := os.fork()):
                begin(order)
                sys.exit()
            print(pid, flush=True)
