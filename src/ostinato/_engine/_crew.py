"""Threads that share a queue of jobs, and who of them is to be woken."""

import threading
from collections import deque
from itertools import count
from queue import SimpleQueue
from typing import Literal

from ostinato._engine._jobs import Job

__all__ = ["Crew"]


class Crew:
    """Some threads, and what they are to do: they take jobs as long as there are any.

    A thousand jobs at once wake as many threads as there are, and not one for each job.
    """

    __slots__ = ("count", "idle", "jobs", "lock", "numbers", "wakes", "woken")

    def __init__(self) -> None:
        """Begin without threads."""
        self.lock = threading.Lock()
        self.jobs: deque[Job] = deque()
        # One for each thread that is woken.
        self.wakes: SimpleQueue[Literal["work", "end"]] = SimpleQueue()
        # How many threads there are, how many of these have nothing to do, and how many of those
        # have been woken since.
        self.count = self.idle = self.woken = 0
        self.numbers = count(1)

    def add(self, jobs: list[Job], limit: int) -> tuple[int, int, int]:
        """Add *jobs*; return how many threads are to be woken for them, and to be started.

        There are at most *limit*. The last number is that of the jobs which wait for one.
        """
        with self.lock:
            self.jobs.extend(jobs)
            # Some may come who were woken for jobs that others have taken.
            wanted = max(len(self.jobs) - self.woken, 0)
            waking = min(wanted, self.idle - self.woken)
            starting = min(wanted - waking, limit - self.count)
            self.count += starting
            self.idle += starting
            self.woken += waking + starting
            return waking, starting, min(wanted - waking - starting, len(jobs))

    def begin(self) -> Job | None:
        """Return the first job of a thread that was woken, if others have not taken it."""
        with self.lock:
            self.woken -= 1
            job = self._taken()
            if job is not None:
                self.idle -= 1
            return job

    def next_job(self) -> Job | None:
        """Return the next job of a thread that has ended one; without any it is idle."""
        # At first without the lock, for which all would wait at each job.
        job = self._taken()
        if job is not None:
            return job
        with self.lock:
            # Whoever has added one meanwhile has counted this thread as busy.
            job = self._taken()
            if job is None:
                self.idle += 1
            return job

    def _taken(self) -> Job | None:
        # Not asked whether there are any: another thread may take the last one in between.
        try:
            return self.jobs.popleft()
        except IndexError:
            return None
