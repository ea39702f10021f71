"""What the keys are called: those of one task have its name as their hash tag."""

from typing import NamedTuple

__all__ = ["Keys", "TaskKeys"]

# What is inside the braces decides on which node of a cluster a key lies; it has to end there.
_BRACES = str.maketrans({"%": "%25", "{": "%7B", "}": "%7D"})
_SEPARATORS = str.maketrans({"%": "%25", "{": "%7B", "}": "%7D", ":": "%3A"})


class TaskKeys(NamedTuple):
    """The keys of one task.

    Attributes:
        task: A hash: its row.
        open: A hash: the runs under way, by their tokens.
        runs: A list: the records of what has ended, the newest first.
        told: A hash: which runs the records hold, and by which token their end was told.
        counts: A hash: how many ticks ended in which outcome or skip reason.
        failed: A list: of the runs before those in `runs`, the latest that failed.
    """

    task: str
    open: str
    runs: str
    told: str
    counts: str
    failed: str


class Keys:
    """The keys of one namespace."""

    def __init__(self, head: str, namespace: str) -> None:
        """Let every key begin with *head*."""
        place = namespace.translate(_SEPARATORS)
        self.tasks = f"{head}:{{{place}}}:tasks"
        self.workers = f"{head}:{{{place}}}:workers"
        # Is there while the history was pruned lately.
        self.pruned = f"{head}:{{{place}}}:pruned"
        # How often any task was steered; and the channel on which it is told.
        self.steered = f"{head}:{{{place}}}:steered"
        self.meta = f"{head}:meta"
        self._begin = f"{head}:{{{place}:"
        self._known: dict[str, TaskKeys] = {}

    def of(self, name: str) -> TaskKeys:
        """Return the keys of the task *name*."""
        keys = self._known.get(name)
        if keys is None:
            task = f"{self._begin}{name.translate(_BRACES)}}}"
            others = (f"{task}:{each}" for each in TaskKeys._fields[1:])
            keys = self._known[name] = TaskKeys(task, *others)
        return keys
