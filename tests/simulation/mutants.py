"""Workers that get one rule of the protocol wrong; the simulation has to notice each of them."""

from collections.abc import Iterator

from ostinato import Outcome
from ostinato._lease import Claim, Lease, Reply, Settlement, Takeover, TaskRow
from tests.simulation.driver import NAME, Driver
from tests.simulation.world import Call, Machine, Steps

__all__ = ["MUTANTS"]


class TickFromNow(Driver):
    """S75: names a tick by the time at which it looks, and not by the schedule."""

    def claim_of(self, expected: int, now: int) -> Claim:
        return super().claim_of(expected, now)._replace(due=now, passed=None)


class OwnClock(Driver):
    """S78: decides by its own clock what is due, and what has expired."""

    @staticmethod
    def clock(machine: Machine) -> int:
        return machine.wall


class TrustFromReply(Driver):
    """S80: counts a lease from when the answer came."""

    def trust(self, asked_at: int, seconds: int) -> int:
        return super().trust(self.world.now, seconds)


class NoDeadline(Driver):
    """S80: begins, and goes on, however old its lease is."""

    def trust(self, asked_at: int, seconds: int) -> int:
        return 1 << 62


class LostIsWon(Driver):
    """S79: takes a claim for won whose reply was lost."""

    def lease_unanswered(self, claim: Claim | Takeover) -> Lease | None:
        if isinstance(claim, Takeover) or claim.due is None:
            return None
        return Lease(NAME, claim.due, self.judge.fence(), 0, self.owner)


class LostIsLost(Driver):
    """S79: takes a claim for lost whose reply was lost, and claims anew."""

    def lease_in(self, reply: Reply, claim: Claim | Takeover | None) -> Lease | None:
        return reply.leases[0] if reply.leases else None


class ExpiredIsWon(Driver):
    """S79: takes a claim for won that it reads back, though its lease has expired."""

    def lease_in(self, reply: Reply, claim: Claim | Takeover | None) -> Lease | None:
        held = reply.rows[NAME].held
        if not reply.leases and held is not None and held.owner == self.owner:
            return held._replace(until=reply.now + 10_000) if held.token > self.tokens else None
        return super().lease_in(reply, claim)


class KnownByHost(Driver):
    """S83: is the same after a restart, for it goes by the name of its host."""

    def __init__(self, machine: Machine, *rest) -> None:
        machine.owner = machine.name
        super().__init__(machine, *rest)


class SettleByName(Driver):
    """S82: settles whatever lease the task has."""

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        if call.name == "settle" and row.held is not None:
            call.operands[0][0].run.token = row.held.token


class RenewByName(Driver):
    """S82: prolongs whatever lease the task has."""

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        if call.name == "renew" and row.held is not None:
            call.operands[0][0] = (NAME, row.held.token)


class Blind(Claim):
    """What is written without looking again."""


class ReadThenWrite(Driver):
    """S76: reads whether the tick is there, and then writes that it is taken."""

    def claiming(self, claim: Claim | Takeover) -> Iterator[Call]:
        if isinstance(claim, Takeover):
            return (yield from super().claiming(claim))
        reply = yield Call("read", ([NAME],))
        row = None if reply is None else reply.rows[NAME]
        if row is None or row.next_due != claim.expected or row.next_due > reply.now:
            return reply
        if row.held is not None and row.held.until > reply.now:
            return reply
        return (yield from super().claiming(Blind(*claim)))

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        if call.name == "claim" and isinstance(blind := call.operands[0][0], Blind):
            row.next_due, row.last_due = blind.expected, None
            if row.held is not None:
                row.held = row.held._replace(until=now)


class NoLeaseCheck(Driver):
    """S84: claims the next tick under the run of another."""

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        if call.name != "claim" or row.held is None:
            return
        claim = call.operands[0][0]
        if isinstance(claim, Claim) and row.next_due == claim.expected and claim.due <= now:
            row.held = row.held._replace(until=now)


class TooEarly(Driver):
    """S78: claims a tick that is not due yet."""

    @staticmethod
    def clock(machine: Machine) -> int:
        return machine.world.now + 1_000


class WaitsForTheDead(Driver):
    """S85: leaves a task to whoever has leased it last, for ever."""

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        if call.name == "claim" and row.held is not None:
            row.held = row.held._replace(until=max(row.held.until, now + 1))


class HasPatience(Driver):
    """S85: looks late for a lease that has expired."""

    def do_without(self, claim: Claim | Takeover, row: TaskRow, now: int) -> Steps:
        yield 0 if row.held is None else 25_000
        yield from super().do_without(claim, row, now)


class Uncounted(Driver):
    """S29: passes over ticks, and does not record that it does."""

    def claim_of(self, expected: int, now: int) -> Claim:
        return super().claim_of(expected, now)._replace(passed=None)


class ReleasedIsForgotten(Driver):
    """S77: moves on to the next tick only when its run has ended."""

    def claim_of(self, expected: int, now: int) -> Claim:
        claim = super().claim_of(expected, now)
        return claim._replace(next_due=claim.due)

    @staticmethod
    def before(row: TaskRow, call: Call, now: int) -> None:
        if call.name == "claim" and row.held is None:
            row.last_due = None


class SettleOnce(Driver):
    """S79: tells the end of a run once, whether or not that is heard."""

    def settling(self, settlement: Settlement) -> Iterator[Call]:
        reply = yield from super().settling(settlement)
        return [] if reply is None else reply


class Unfenced(Driver):
    """S86: writes without asking the fence."""

    def guards(self, token: int) -> bool:
        return True


class TakesOverAgain(Driver):
    """S84: takes a run over as often as it likes."""

    def may_take_over(self, row: TaskRow) -> bool:
        return True


class NeverTakesOver(Driver):
    """S84: leaves a run that was to go on for the next tick."""

    def may_take_over(self, row: TaskRow) -> bool:
        return False


class SuccessWithoutEnd(Driver):
    """S82: settles as succeeded what it has lost."""

    def settle(self, lease: Lease, outcome: Outcome) -> Steps:
        return super().settle(lease, Outcome.SUCCEEDED)


MUTANTS = Driver.__subclasses__()
