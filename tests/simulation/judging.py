"""What must hold, judged from the store's history and from what was begun: never by a worker."""

from dataclasses import dataclass, field
from itertools import pairwise

from ostinato import OnCrash, Outcome, RunKind
from ostinato._lease import LEASE_EXPIRED, Lease, TaskRow
from ostinato.stores.memory import MemoryStore
from tests.simulation.world import LEASE, LONGEST_ABSENCE, POLL, Machine, World

__all__ = ["BrokenRuleError", "Grant", "Judge"]

# Lost, or slow, messages of one owner under one lease: so many may cost it its run.
_BAD_LUCK = 4


class BrokenRuleError(Exception):
    """Something that must hold does not."""

    def __init__(self, clause: str, text: str) -> None:
        """Say of which *clause*, and what happened."""
        super().__init__(f"{clause}: {text}")
        self.clause = clause


@dataclass(slots=True)
class Grant:
    """A lease that the store has granted, and what became of it."""

    lease: Lease
    machine: Machine
    at: int
    is_takeover: bool
    begun: int | None = None
    ended: Outcome | None = None
    until: int = 0
    writes: list[int] = field(default_factory=list)


class Judge:
    """Sees each call that the store is asked, and each thing that a run does."""

    def __init__(self, world: World, store: MemoryStore, name: str) -> None:
        """Judge what happens in *world* to the task *name* of *store*."""
        self.world = world
        self.store = store
        self.name = name
        self.on_crash = OnCrash.SKIP
        self.period = 0
        self.grants: dict[int, Grant] = {}
        self.dues: dict[int, int] = {}
        self._begun: dict[int, list[int]] = {}
        self._under_way: dict[int, Grant] = {}
        self._newest = self._written = 0
        self.later = 0

    def row(self) -> TaskRow | None:
        """Return the task's row, which somebody may have registered."""
        return self.store._rows.get(self.name)

    @property
    def first_due(self) -> int:
        """The task's first tick."""
        row = self.row()
        return 0 if row is None else row.anchor or 0

    def fence(self) -> int:
        """Return the token that the fence holds."""
        row = self.row()
        return 0 if row is None else row.token

    def applied(
        self, machine: Machine, owner: str, call: str, before: Lease | None, token: int
    ) -> None:
        """Look at what a *call* of *owner* has done to the lease that was there *before*."""
        row, now = self.row(), self.world.now
        if row is None:
            return
        held = row.held
        if row.token < token:
            raise BrokenRuleError("I2", f"the token fell from {token} to {row.token}")
        if held is before or held == before:
            return
        if held is not None and (before is None or held.token != before.token):
            self._granted(machine, call, before, held, token)
        elif held is None and before is not None and call == "settle":
            if before.owner != owner:
                raise BrokenRuleError("S82", f"{owner} has settled the lease of {before.owner}")
        elif held is not None and before is not None:
            if before.owner != owner:
                raise BrokenRuleError("S82", f"{owner} has prolonged the lease of {before.owner}")
            self.grants[held.token].until = held.until
        elif before is not None and self.grants[before.token].until > now:
            raise BrokenRuleError("I1", f"{owner} has taken the live lease of {before.owner}")

    def _granted(
        self, machine: Machine, call: str, before: Lease | None, held: Lease, token: int
    ) -> None:
        now = self.world.now
        if self.world.trace is not None:
            self.world.note(f"{held.owner} is granted {self._shown(held)} by {call}")
        if held.token <= token:
            raise BrokenRuleError("I2", f"the token {held.token} does not follow {token}")
        if (held.due - self.first_due) % self.period:
            raise BrokenRuleError("S75", f"{held.due} is no tick")
        if held.due > now:
            raise BrokenRuleError("S78", f"the tick was due {held.due - now} ms later")
        if before is not None and self.grants[before.token].until > now:
            raise BrokenRuleError("I1", f"{held.owner} has taken the live lease of {before.owner}")
        number = self.dues[held.due] = self.dues.get(held.due, 0) + 1
        is_takeover = number > 1 and before is not None and before.due == held.due
        if number > 1 and (self.on_crash is OnCrash.SKIP or not is_takeover):
            raise BrokenRuleError("S84", f"the tick {held.due} was granted {number} times")
        if number > 3:
            raise BrokenRuleError("S84", f"the run was taken over {number - 1} times")
        is_left = before is not None and not is_takeover and self.dues[before.due] <= 2
        if is_left and self.on_crash is OnCrash.RERUN:
            raise BrokenRuleError("S84", "a run that was to go on was left for the next tick")
        self.grants[held.token] = Grant(held, machine, now, is_takeover, until=held.until)

    def begin(self, machine: Machine, lease: Lease) -> None:
        """Look at a run that begins on *lease*."""
        now, grant = self.world.now, self.grants.get(lease.token)
        if self.world.trace is not None:
            self.world.note(f"{machine.owner} begins {self._shown(lease)}")
        if grant is None or grant.lease.due != lease.due or grant.lease.owner != machine.owner:
            raise BrokenRuleError("S79", f"{machine.owner} begins what it was not granted")
        if grant.begun is not None or self._begun.get(lease.due, [-1])[-1] >= lease.token:
            raise BrokenRuleError("S84", f"the tick {lease.due} is begun a second time")
        if self.on_crash is OnCrash.SKIP and lease.due in self._begun:
            raise BrokenRuleError("S84", f"the tick {lease.due} is begun a second time")
        if lease.token < self._newest:
            raise BrokenRuleError("S82", f"a run begins behind token {self._newest}")
        if grant.until <= now or self.fence() != lease.token:
            raise BrokenRuleError("S80", "a run begins on a lease that has expired")
        for other in self._under_way.values():
            owner = other.lease.owner
            if owner not in other.machine.deaths and other.machine.frozen_until <= now:
                raise BrokenRuleError("S86", f"{owner} is at work while {machine.owner} begins")
        self._newest = lease.token
        self._begun.setdefault(lease.due, []).append(lease.token)
        grant.begun = now
        self._under_way[lease.token] = grant

    def write(self, token: int, *, is_let_through: bool) -> None:
        """Look at a write, which the fence has let through or not."""
        if is_let_through:
            if token < self._written or token != self.fence():
                raise BrokenRuleError(
                    "S86", f"a write with token {token} got through after another"
                )
            self._written = token

    def end(self, lease: Lease, outcome: Outcome) -> None:
        """Note that a run has ended."""
        self.world.note(f"{lease.owner} ends {self._shown(lease)}: {outcome.value}")
        self.grants[lease.token].ended = outcome
        del self._under_way[lease.token]

    def conclude(self, quiet_since: int) -> None:
        """Compare the history with what happened, once nothing has gone wrong for a while."""
        row, ledger = self.row(), self.store.ledger(self.name)
        assert row is not None
        due = (row.next_due - self.first_due) // self.period
        counted = sum(ledger.counts.values()) + (row.held is not None)
        if counted != due:
            raise BrokenRuleError(
                "S29", f"of {due} ticks {counted} are accounted for: {ledger.counts}"
            )
        records = [run for run in ledger.latest(1_000_000) if run.kind is RunKind.TICK]
        runs = {run.token: run for run in records}
        if len(runs) != len(records) or len({run._due for run in records}) != len(records):
            raise BrokenRuleError("S29", "a tick has two records")
        last = {grant.lease.due: token for token, grant in self.grants.items()}
        for token, grant in self.grants.items():
            if last[grant.lease.due] != token or (row.held and row.held.token == token):
                continue
            run = runs.pop(token, None)
            if run is None or run._due != grant.lease.due:
                raise BrokenRuleError("S29", f"the run with token {token} has no record")
            if run.error == LEASE_EXPIRED:
                self._excuse(grant)
            elif run.outcome is not grant.ended:
                raise BrokenRuleError(
                    "S82", f"{run.outcome} was recorded of what ended {grant.ended}"
                )
        if runs:
            raise BrokenRuleError("S29", f"{len(runs)} records are of no run")
        self._look_for_silence(quiet_since)
        if not any((self.world.rates.pause, *self.world.rates.of_messages)):
            self._look_behind_the_dead()

    def _excuse(self, grant: Grant) -> None:
        """Look whether a run had to be abandoned: its owner died, paused, or was cut off."""
        machine, owner = grant.machine, grant.lease.owner
        since, until = grant.at - LEASE, grant.until
        if machine.deaths.get(owner, until) < until:
            return
        if any(start <= until and end >= since for start, end in machine.pauses):
            return
        if sum(since <= at <= until for at in machine.mishaps) < _BAD_LUCK:
            raise BrokenRuleError("S79", f"{owner} lives, and has lost {self._shown(grant.lease)}")

    def _look_for_silence(self, since: int) -> None:
        """Look whether ticks are run again, at latest a lease and a poll after the last fault."""
        limit = since + LEASE + POLL + self.period + self.later + 2_000
        begun = [grant.begun for grant in self.grants.values() if grant.begun is not None]
        if not any(since < at <= limit for at in begun):
            raise BrokenRuleError("S85", f"nothing has begun for {LEASE + POLL} ms in peace")

    def _look_behind_the_dead(self) -> None:
        """Look whether another goes on within a lease and a poll, where machines only die."""
        grants = list(self.grants.values())
        machines = {grant.machine for grant in grants}
        for grant, following in pairwise(grants):
            died = grant.machine.deaths.get(grant.lease.owner, 0)
            if grant.ended is not None or died < grant.at:
                continue
            due = 0 if following.is_takeover else grant.lease.due + self.period
            limit = max(died + LEASE, due) + POLL + 1_000
            others = machines - {grant.machine}
            is_attended = any(
                all(not died - LONGEST_ABSENCE <= at <= limit for at in deaths)
                for deaths in (other.deaths.values() for other in others)
            )
            if is_attended and following.at > limit:
                raise BrokenRuleError("S85", f"nobody went on behind {grant.lease.owner}")

    def _shown(self, lease: Lease) -> str:
        number = (lease.due - self.first_due) // self.period
        return f"{self.name} {number} (token …{lease.token % 10_000})"
