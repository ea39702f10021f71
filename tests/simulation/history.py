"""One seeded history of workers that share a store."""

from random import Random

from ostinato import OnCrash
from ostinato._lease import Reply, TaskRow
from ostinato.stores.memory import MemoryStore
from tests.simulation.driver import NAME, Driver, Task
from tests.simulation.judging import BrokenRuleError, Judge
from tests.simulation.world import EPOCH, LEASE, LONGEST_ABSENCE, Call, Machine, Steps, World

__all__ = ["History", "first_violation"]

_HOSTILE, _PEACE = 360_000, 3 * LEASE
_KEEP = 1_000_000


class History:
    """Three workers, or so, and the store that they share, behind a network."""

    driver: type[Driver] = Driver

    def __init__(self, seed: int, driver: type[Driver] = Driver, *, traced: bool = False) -> None:
        """Prepare the history of *seed* with workers that behave as *driver* does."""
        self.world = world = World(seed, traced=traced)
        random: Random = world.random
        self.store = MemoryStore(keep=_KEEP)
        self._driver = driver
        self.judge = Judge(world, self.store, NAME)
        period = random.choice((5_000, 10_000, 20_000, 45_000))
        self.task = Task(
            first_due=EPOCH + random.randrange(period),
            period=period,
            longest=random.choice((500, period, 3 * period, 60_000)),
            on_crash=random.choice((OnCrash.SKIP, OnCrash.SKIP, OnCrash.RERUN)),
        )
        self.judge.on_crash = self.task.on_crash
        self.judge.period = period
        # A run that began before the peace may take so long.
        self.judge.later = self.task.longest
        world.apply = self._apply
        self.machines: list[Machine] = []
        for number in range(random.choice((2, 3, 3, 4))):
            self.machines.append(Machine(world, f"w{number}", self._boot))

    def run(self) -> None:
        """Let it happen, and judge it.

        Raises:
            BrokenRuleError: Something that must hold did not.
        """
        world = self.world
        world.run(EPOCH + _HOSTILE)
        world.is_hostile = False
        # Who died comes back, who paused wakes up, and what was under way ends.
        quiet_since = max(
            world.now + LONGEST_ABSENCE, *(each.frozen_until for each in self.machines)
        )
        world.run(quiet_since + _PEACE + self.task.longest + self.task.period)
        self.judge.conclude(quiet_since)

    def _boot(self, machine: Machine) -> list[Steps]:
        return self._driver(machine, self.task, self.judge).boot()

    def _apply(self, machine: Machine, owner: str, call: Call) -> object:
        row, store, driver = self.judge.row(), self.store, self._driver
        now = driver.clock(machine)
        store.open("default", owner, lambda: now)
        if row is not None:
            driver.before(row, call, now)
        held, token = (None, 0) if row is None else (row.held, row.token)
        answer = getattr(store, call.name)(*call.operands)
        self.judge.applied(machine, owner, call.name, held, token)
        if isinstance(answer, Reply):
            # The row itself is the store's, and goes on changing.
            rows = {NAME: _as_it_stands(answer.rows[NAME])}
            return Reply(answer.now, answer.leases, rows)
        return answer


def _as_it_stands(row: TaskRow) -> TaskRow:
    held, token, takeovers = row.held, row.token, row.takeovers
    return TaskRow(NAME, row.spec, row.next_due, held=held, token=token, takeovers=takeovers)


def first_violation(
    seeds: range, driver: type[Driver] = Driver
) -> tuple[int, BrokenRuleError] | None:
    """Return the first of *seeds* whose history shows something wrong, and what."""
    for seed in seeds:
        try:
            History(seed, driver).run()
        except BrokenRuleError as violation:
            return seed, violation
    return None
