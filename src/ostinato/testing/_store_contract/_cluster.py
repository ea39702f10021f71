"""Workers that share a store, and the time that passes for them."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Protocol
from uuid import uuid4

from ostinato._lease import Claim, Lease, Registration, Settlement, TaskRow
from ostinato._outcomes import Outcome, RunKind
from ostinato._run import Run
from ostinato.protocols import History, Queries, Store, Wakeup

__all__ = ["LONG", "PERIOD", "SHORT", "SPEC", "Cluster", "SharedStore", "Worker", "ended"]

# Of leases, in milliseconds: none that is long expires while a test lasts.
LONG = 600_000
SHORT = 60
PERIOD = 1_000
SPEC = "every 1 s"
_BEGIN = 1_900_000_000_000
# How often a store that has its own clock is asked for the time: it never waits that long.
_MOST_LOOKS = 1_000_000


class SharedStore(Store, History, Queries, Wakeup, Protocol):
    """What the contract asks for: a store with its history, and what tells of changes."""


class Worker:
    """One worker's door to the store, with what it says in short words."""

    def __init__(self, store: SharedStore, owner: str, namespace: str, begin: int) -> None:
        """Speak for *owner*, whose tasks fall due from *begin* on."""
        self.store = store
        self.owner = owner
        self.namespace = namespace
        self.begin = begin

    def due(self, number: int) -> int:
        """Return the instant of the tick *number* of every task."""
        return self.begin + number * PERIOD

    def register(self, *names: str, spec: str = SPEC, formerly: tuple[str, ...] = ()) -> TaskRow:
        """Declare tasks that are first due at their tick 0; return the last one's row."""
        known = [Registration(each, spec, self.begin, formerly) for each in names]
        return self.store.register(known).rows[names[-1]]

    def tick(self, number: int = 0, name: str = "task", **changes: Any) -> Claim:
        """Return the claim of the tick *number*, for a task that follows its grid."""
        due = self.due(number)
        claim = Claim(name, SPEC, due, due, due + PERIOD)
        return claim._replace(**changes)

    def manual(self, run_id: str = "by-hand", **changes: Any) -> Claim:
        """Return the claim of a run that moves no tick."""
        claim = Claim("task", SPEC, None, self.begin, None, kind=RunKind.MANUAL, run_id=run_id)
        return claim._replace(**changes)

    def take(self, claim: Claim, lease: int = LONG) -> Lease | None:
        """Claim, and return the lease if it was granted."""
        granted = self.store.claim([claim], lease).leases
        return granted[0] if granted else None

    def take_tick(self, number: int = 0, lease: int = LONG) -> Lease:
        """Claim the tick *number* of the task, which is to be granted."""
        granted = self.take(self.tick(number), lease)
        assert granted is not None
        return granted

    def settle(self, lease: Lease, outcome: Outcome = Outcome.SUCCEEDED, **changes: Any) -> bool:
        """Tell how the run of *lease* ended; return whether the lease was still held."""
        settlement = Settlement(ended(lease, outcome, self.namespace))
        told = settlement._replace(**changes)
        return self.store.settle([told])[0] is not None

    def row(self, name: str = "task") -> TaskRow:
        """Return what the store knows of the task *name*."""
        return self.store.read([name]).rows[name]

    def history(self, name: str = "task") -> list[tuple[int, str]]:
        """Return the task's records, the oldest first: the number of the tick, how it ended."""
        runs: Sequence[Run] = self.store.runs(name, 1_000)[::-1]
        return [((run._due - self.begin) // PERIOD, _told(run)) for run in runs]


class Cluster:
    """A namespace of its own, in which workers meet."""

    def __init__(self, factory: Callable[[], SharedStore]) -> None:
        """Let *factory* make the stores; each has the same state behind it."""
        self._factory = factory
        self._wall = float(_BEGIN)
        self._owners = count(1)
        self.namespace = f"contract-{uuid4().hex[:12]}"
        self._asked = factory()
        self._asked.open(self.namespace, "onlooker", self.clock)
        # A hundred ticks are due already: where time cannot be set, nobody has to wait for them.
        self.begin = self.now() - 100 * PERIOD

    def worker(self, namespace: str | None = None) -> Worker:
        """Return another worker, with a store of its own."""
        store, owner = self._factory(), f"worker-{next(self._owners)}-{uuid4()}"
        space = namespace or self.namespace
        store.open(space, owner, self.clock)
        return Worker(store, owner, space, self.begin)

    def now(self) -> int:
        """Return the store's time."""
        return self._asked.read([]).now

    def wait_until(self, instant: int) -> None:
        """Let time pass until *instant*: by the clock that is handed in, or by the store's own."""
        self._wall = max(self._wall, float(instant))
        assert any(self.now() >= instant for _ in range(_MOST_LOOKS))

    def clock(self) -> float:
        """Return the time that is handed in to every store, in milliseconds."""
        return self._wall


def ended(
    lease: Lease, outcome: Outcome, namespace: str = "default", kind: RunKind = RunKind.TICK
) -> Run:
    """Return the run of *lease* as its worker tells its end."""
    run = Run(lease.name, lease.due, namespace, kind, lease.token)
    run.outcome = outcome
    run._started, run._finished = float(lease.due + 5), float(lease.due + 25)
    if outcome is not Outcome.SUCCEEDED:
        run.error = f"it {outcome}"
    return run


def _told(run: Run) -> str:
    if run.outcome is Outcome.SKIPPED:
        return f"{run.count} skipped({run.reason})"
    return str(run.outcome)
