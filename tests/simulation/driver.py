"""What a worker does, as the engine does it, and nothing else: claim, run, renew, settle."""

from collections.abc import Iterator
from dataclasses import dataclass

from ostinato import Missed, OnCrash, Outcome, Run, RunKind, SkipReason
from ostinato._engine._missed import decide, skip_until
from ostinato._engine._ticks import GridTicks
from ostinato._lease import Claim, Lease, Registration, Reply, Settlement, Takeover, TaskRow
from tests.simulation.judging import Judge
from tests.simulation.world import LEASE, POLL, Call, Machine, Process, Steps

__all__ = ["BEAT", "NAME", "SPEC", "TRUSTED", "Driver", "Task"]

NAME, SPEC = "task", "every 1"
BEAT = LEASE // 6
TRUSTED = 0.9
MOST_TAKEOVERS = 2
_LONGEST_SLEEP = 60_000


@dataclass(frozen=True, slots=True)
class Task:
    """What is run, when, and for how long."""

    first_due: int
    period: int
    longest: int
    on_crash: OnCrash


class Driver:
    """One start of one worker; the mutants each get one of its rules wrong."""

    def __init__(self, machine: Machine, task: Task, judge: Judge) -> None:
        """Work on *task*, and let *judge* see what is begun."""
        self.machine = machine
        self.world = machine.world
        self.task = task
        self.judge = judge
        self.owner = machine.owner
        self.ticks = GridTicks(task.first_due, task.period)
        self.next_due = task.first_due
        # What to add to the machine's own time to get the store's.
        self.offset = 0
        self.failures = 0
        self.tokens = 0
        self.held: Lease | None = None
        self.trusted_until = 0
        self.is_lost = False
        self.body: Process
        self.heart: Process
        # When the lease of another ends, whose run is then to go on here.
        self.watched: int | None = None

    def boot(self) -> list[Steps]:
        """Return what runs side by side."""
        return [self.work(), self.beat()]

    # One call each: what it needs, and what its answer means.

    def claim_of(self, expected: int, now: int) -> Claim:
        """Return what to ask for, at *now* of the store's time."""
        decision = decide(Missed.RUN_LATEST, None, self.ticks, expected, now)
        return Claim(NAME, SPEC, expected, decision.due, decision.next_due, decision.passed)

    def claiming(self, claim: Claim | Takeover) -> Iterator[Call]:
        """Ask for *claim*."""
        return (yield Call("claim", ([claim], LEASE)))

    def renewing(self, lease: Lease) -> Iterator[Call]:
        """Prolong *lease*."""
        return (yield Call("renew", ([(NAME, lease.token)], LEASE)))

    def settling(self, settlement: Settlement) -> Iterator[Call]:
        """Tell how a run has ended."""
        return (yield Call("settle", ([settlement],)))

    def lease_in(self, reply: Reply, claim: Claim | Takeover | None) -> Lease | None:
        """Return the lease in *reply*: granted by it, or by one that was lost."""
        if reply.leases:
            return reply.leases[0]
        held = reply.rows[NAME].held
        is_mine = held is not None and held.owner == self.owner and held.until > reply.now
        return held if is_mine and held.token > self.tokens else None

    def lease_unanswered(self, claim: Claim | Takeover) -> Lease | None:
        """Return the lease to begin on though nothing was answered: none."""
        return None

    def trust(self, asked_at: int, seconds: int) -> int:
        """Return until when a lease is trusted: it counts from before it was asked for."""
        return asked_at + int(seconds * TRUSTED)

    def may_begin(self) -> bool:
        """Return whether the lease at hand is trusted still."""
        return self.world.now <= self.trusted_until

    def guards(self, token: int) -> bool:
        """Return whether a write with *token* is let through: the resource asks the fence."""
        return self.judge.fence() == token

    @staticmethod
    def clock(machine: Machine) -> int:
        """Return the time by which the store decides what is due, and what has expired."""
        return machine.world.now

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        """Do nothing: what is written is what the store writes."""

    # The course of things.

    def work(self) -> Steps:
        """Register, and then wait, claim, run and settle, for ever."""
        self.body, self.heart = self.machine.processes
        registration = Registration(NAME, SPEC, self.task.first_due, period=self.task.period)
        while (reply := (yield Call("register", ([registration],)))) is None:
            yield self.backoff()
        self.note(reply.rows[NAME])
        while True:
            wait = self.next_due - self.store_time()
            if wait > 0:
                watched, self.watched = self.watched, None
                if watched is None:
                    yield min(wait, _LONGEST_SLEEP)
                    continue
                # A run may have to go on here, long before the next tick.
                yield max(min(wait, watched - self.store_time()), 1)
            claim, asked_at = (yield from self.choose()), self.world.now
            if isinstance(claim, int):
                yield claim
                continue
            reply = yield from self.claiming(claim)
            if reply is None:
                if (lease := self.lease_unanswered(claim)) is not None:
                    yield from self.run(lease, self.trust(asked_at, LEASE), claim.next_due)
                yield self.backoff()
                continue
            self.failures = 0
            self.offset = reply.now - (asked_at + self.world.now) // 2 - self.machine.skew
            row, lease = reply.rows[NAME], self.lease_in(reply, claim)
            if lease is None:
                yield from self.do_without(claim, row, reply.now)
                continue
            self.tokens = lease.token
            until = self.trust(asked_at, lease.until - reply.now)
            yield from self.run(lease, until, row.next_due)

    def choose(self) -> Iterator[Call]:
        """Return what to ask for, or how long to wait.

        A run that is to go on elsewhere goes before the next tick: it is looked for first.
        """
        if self.task.on_crash is OnCrash.RERUN:
            reply = yield Call("read", ([NAME],))
            if reply is None:
                return self.backoff()
            row = reply.rows[NAME]
            self.note(row)
            held = row.held
            if held is not None and held.until > reply.now and held.owner != self.owner:
                return max(held.until - reply.now, 1)
            if held is not None and self.may_take_over(row):
                # If it is our own, whose reply was lost, it is not granted, but the row is told.
                return Takeover(NAME, SPEC, held.token)
            if row.next_due > reply.now:
                return max(min(row.next_due - reply.now, POLL), 1)
        return self.claim_of(self.next_due, max(self.store_time(), self.next_due))

    def may_take_over(self, row: TaskRow) -> bool:
        """Return whether the run may go on once more."""
        return row.takeovers < MOST_TAKEOVERS

    def do_without(self, claim: Claim | Takeover, row: TaskRow, now: int) -> Steps:
        """Go on without a lease: somebody else is first, or holds one."""
        self.note(row)
        if isinstance(claim, Takeover) or row.next_due != claim.expected:
            return
        if row.next_due > now:
            wait = row.next_due - now
        else:
            wait = POLL if row.held is None else row.held.until - now
        yield max(min(wait, POLL), 1)

    def run(self, lease: Lease, trusted_until: int, following: int) -> Steps:
        """Run the tick of *lease*, as long as that is trusted, and settle."""
        self.next_due = following
        self.trusted_until = trusted_until
        if not self.may_begin():
            return
        self.held, self.is_lost = lease, False
        self.heart.interrupt()
        started = self.world.now
        self.judge.begin(self.machine, lease)
        ends = started + int(self.world.draw() * self.task.longest)
        while True:
            # What a process does first when it wakes up is to write: it knows of no pause.
            self.judge.write(lease.token, is_let_through=self.guards(lease.token))
            now = self.world.now
            if self.is_lost or now > self.trusted_until or now >= ends:
                break
            yield min(ends, self.trusted_until + 1) - now
        self.held = None
        outcome = Outcome.SUCCEEDED if now >= ends and not self.is_lost else Outcome.CANCELLED
        self.judge.end(lease, outcome)
        yield from self.settle(lease, outcome)

    def settle(self, lease: Lease, outcome: Outcome) -> Steps:
        """Tell how the run of *lease* ended, until it is answered."""
        run = Run(NAME, lease.due, "default", RunKind.TICK, lease.token)
        run.outcome = outcome
        now, passed = self.store_time(), None
        if self.next_due <= now:
            passed, following = skip_until(self.ticks, self.next_due, now, SkipReason.OVERLAP)
            self.next_due = following
        settlement = Settlement(run, moves=True, next_due=self.next_due, passed=passed)
        while (yield from self.settling(settlement)) is None:
            yield self.backoff()
        self.failures = 0

    def beat(self) -> Steps:
        """Prolong the lease that is held; at once again, where that got lost."""
        wait = beaten = None
        while True:
            yield wait
            held = self.held
            wait = None if held is None else BEAT
            if held is None:
                continue
            if held is not beaten:
                beaten = held
                continue
            asked_at = self.world.now
            renewed = yield from self.renewing(held)
            if held is not self.held:
                continue
            if renewed is None:
                wait = 1
            elif (NAME, held.token) in renewed:
                self.trusted_until = self.trust(asked_at, LEASE)
            else:
                self.is_lost = True
                self.body.interrupt()

    def store_time(self) -> int:
        """Return what the store's time should be."""
        return self.machine.wall + self.offset

    def note(self, row: TaskRow) -> None:
        """Go by what the *row* says."""
        self.next_due = row.next_due
        if self.task.on_crash is OnCrash.RERUN and row.held is not None:
            self.watched = row.held.until

    def backoff(self) -> int:
        """Return how long to leave the store alone."""
        self.failures = min(self.failures + 1, 5)
        return 200 + int(self.world.draw() * (min(200 * 2**self.failures, 5_000) - 200))
