"""Virtual time, machines that die and pause, messages that get lost: all of it from one seed."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any

__all__ = [
    "EPOCH",
    "LEASE",
    "LIMIT",
    "LONGEST_ABSENCE",
    "POLL",
    "Call",
    "Machine",
    "Process",
    "Rates",
    "World",
]

# In milliseconds, as everything here: how long a lease is, and how long a call may take.
LEASE = 30_000
LIMIT = 2_000
# After how long to look again at a task that could not be had.
POLL = 5_000
# For how long a machine stays away that has died.
LONGEST_ABSENCE = 40_000
EPOCH = 1_893_456_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """How likely things go wrong; each may be zero."""

    lost_request: float
    lost_reply: float
    slow: float
    crash: float
    pause: float
    skew: int

    @property
    def of_messages(self) -> tuple[float, float, float]:
        """What may happen to a message."""
        return self.lost_request, self.lost_reply, self.slow

    @classmethod
    def drawn(cls, random: Random) -> "Rates":
        """Draw them: quiet and hostile histories are both of interest."""
        some = [random.choice(each) for each in _RATES]
        return cls(*some, skew=random.choice((0, 200, 30_000)))


_RATES = (
    (0.0, 0.0, 0.02, 0.1, 0.3),
    (0.0, 0.0, 0.02, 0.1, 0.3),
    (0.0, 0.0, 0.05, 0.2),
    (0.0, 0.0, 0.005, 0.02, 0.05),
    (0.0, 0.0, 0.005, 0.02, 0.05),
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the store that a process waits for."""

    name: str
    operands: tuple[Any, ...]


# A number is a time to sleep; None: until it is interrupted.
Steps = Generator[int | Call | None, Any, None]


class World:
    """A heap of what is to come, in the order of its time."""

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        """Draw from *seed* what will happen; keep a trace of it, if *traced*."""
        self.seed = seed
        self.random = Random(seed)
        self.draw = self.random.random
        self.rates = Rates.drawn(self.random)
        # The true time, which is the store's.
        self.now = EPOCH
        # Whether anything goes wrong; at the end nothing does any more.
        self.is_hostile = True
        self.trace: list[str] | None = [] if traced else None
        self._coming: list[tuple[int, int, Callable[[Any], object], Any]] = []
        self._number = 0
        # Applies a call that has arrived, by the machine that has made it.
        self.apply: Callable[[Machine, str, Call], object]

    def after(self, delay: int, function: Callable[[Any], object], operand: Any = None) -> None:
        """Call *function* with *operand* in *delay*."""
        self._number += 1
        heappush(self._coming, (self.now + delay, self._number, function, operand))

    def run(self, until: int) -> None:
        """Let everything happen up to the instant *until*."""
        coming = self._coming
        while coming and coming[0][0] <= until:
            self.now, _, function, operand = heappop(coming)
            function(operand)
        self.now = until

    def note(self, text: str) -> None:
        """Write *text* to the trace, if there is one."""
        if self.trace is not None:
            self.trace.append(f"{(self.now - EPOCH) / 1_000:9.3f} {text}")

    def send(self, process: "Process", call: Call) -> None:
        """Send *call* to the store: it, or its answer, may be slow, or get lost."""
        machine, draw, rates, hostile = process.machine, self.draw, self.rates, self.is_hostile
        waiting = _Waiting(process, process.awaited, call)
        self.after(LIMIT, self._time_out, waiting)
        if hostile and draw() < rates.lost_request:
            machine.mishaps.append(self.now)
            self.note(f"{process.owner} {call.name}: its request is lost")
            return
        self.after(self._delay(machine), self._arrive, waiting)

    def _delay(self, machine: "Machine") -> int:
        if not self.is_hostile or self.draw() >= self.rates.slow:
            return 1 + int(self.draw() * 40)
        machine.mishaps.append(self.now)
        # Now and then a message turns up when nobody thinks of it any more.
        return int(self.draw() * (90_000 if self.draw() < 0.1 else 4_000))

    def _arrive(self, waiting: "_Waiting") -> None:
        process = waiting.process
        answer = self.apply(process.machine, process.owner, waiting.call)
        if self.is_hostile and self.draw() < self.rates.lost_reply:
            process.machine.mishaps.append(self.now)
            self.note(f"{process.owner} {waiting.call.name}: its reply is lost")
            return
        waiting.answer = answer
        self.after(self._delay(process.machine), self._answer, waiting)

    def _answer(self, waiting: "_Waiting") -> None:
        if not waiting.is_over:
            waiting.is_over = True
            waiting.process.resume((waiting.awaited, waiting.answer))

    def _time_out(self, waiting: "_Waiting") -> None:
        if not waiting.is_over:
            waiting.is_over = True
            waiting.process.resume((waiting.awaited, None))


class _Waiting:
    """A call under way."""

    __slots__ = ("answer", "awaited", "call", "is_over", "process")

    def __init__(self, process: "Process", awaited: int, call: Call) -> None:
        self.process, self.awaited, self.call = process, awaited, call
        self.answer: object = None
        self.is_over = False


class Machine:
    """What a worker runs on: its clock is wrong, and it stops and dies when it likes."""

    def __init__(self, world: World, name: str, boot: "Callable[[Machine], list[Steps]]") -> None:
        """Start the processes that *boot* returns, now and after each crash."""
        self.world = world
        self.name = name
        rates = world.rates
        self.skew = round((world.draw() * 2 - 1) * rates.skew)
        self.frozen_until = 0
        self.number = 0
        # When messages were lost or slow, when it paused and until when, and who has died when.
        self.mishaps: list[int] = []
        self.pauses: list[tuple[int, int]] = []
        self.deaths: dict[str, int] = {}
        self.owner = ""
        self._boot = boot
        self.processes: list[Process] = []
        self.start()

    @property
    def wall(self) -> int:
        """Its own idea of the time."""
        return self.world.now + self.skew

    def start(self, _: object = None) -> None:
        """Start, with a new identity."""
        self.number += 1
        self.owner = f"{self.name}.{self.number}"
        self.frozen_until = 0
        for steps in self._boot(self):
            self.spawn(steps)

    def spawn(self, steps: Steps) -> "Process":
        """Begin a process that takes *steps*."""
        process = Process(self, steps)
        self.processes.append(process)
        self.world.after(0, process.resume, (0, None))
        return process

    def crash(self) -> None:
        """Die, and come back some time later."""
        self.world.note(f"{self.owner} dies")
        self.deaths[self.owner] = self.world.now
        for process in self.processes:
            process.is_dead = True
        self.processes.clear()
        self.world.after(int(self.world.draw() * LONGEST_ABSENCE), self.start)

    def pause(self) -> None:
        """Stand still, for up to three leases."""
        span = int(self.world.draw() * 3 * LEASE)
        self.frozen_until = self.world.now + span
        self.pauses.append((self.world.now, self.frozen_until))
        self.world.note(f"{self.owner} stands still for {span / 1_000:.1f} s")


class Process:
    """Takes one step after the other; between them its machine may die, or pause."""

    __slots__ = ("awaited", "is_dead", "machine", "owner", "steps")

    def __init__(self, machine: Machine, steps: Steps) -> None:
        """Take *steps* on *machine*."""
        self.machine = machine
        self.owner = machine.owner
        self.steps = steps
        self.is_dead = False
        # The number of what it waits for: what comes for an earlier one comes too late.
        self.awaited = 0

    def interrupt(self) -> None:
        """End what it sleeps for."""
        self.awaited += 1
        self.machine.world.after(0, self.resume, (self.awaited, None))

    def resume(self, what: tuple[int, object]) -> None:
        """Take the next step, unless it waits for something else by now."""
        machine = self.machine
        if self.is_dead or what[0] != self.awaited:
            return
        world = machine.world
        if machine.frozen_until > world.now:
            world.after(machine.frozen_until - world.now, self.resume, what)
            return
        if world.is_hostile:
            rates, chance = world.rates, world.draw()
            if chance < rates.crash:
                machine.crash()
                return
            if chance < rates.crash + rates.pause:
                machine.pause()
                self.resume(what)
                return
        try:
            wish = self.steps.send(what[1])
        except StopIteration:
            self.is_dead = True
            return
        self.awaited += 1
        if wish.__class__ is int:
            world.after(wish, self.resume, (self.awaited, None))
        elif wish is not None:
            world.send(self, wish)
