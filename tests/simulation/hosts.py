"""Hosts for real workers: on one event loop in virtual time, with lanes that are no threads."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import copy_context
from copy import copy
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from ostinato import Scheduler
from ostinato._engine._environment import Environment
from ostinato._engine._tell import Telling
from ostinato._engine._terms import Terms
from ostinato._engine._threads import Threads
from ostinato._engine._worker import Worker
from ostinato._lease import Reply
from ostinato.errors import StoreUnavailableError
from ostinato.stores.memory import MemoryStore
from tests.simulation.judging import BrokenRuleError, Judge
from tests.simulation.world import EPOCH, LEASE, LIMIT, LONGEST_ABSENCE, POLL, Rates

__all__ = ["Host", "Life", "World"]

_NEVER = float("inf")


class World:
    """What all hosts share: the loop's time, chance, the store, and who judges."""

    def __init__(
        self, random: Random, rates: Rates, loop: asyncio.AbstractEventLoop, *, traced: bool = False
    ) -> None:
        """Draw from *random* what goes wrong on *loop*, as often as *rates* say."""
        self.loop = loop
        self.random = random
        self.draw = random.random
        self.rates = rates
        self.is_hostile = True
        self.trace: list[str] | None = [] if traced else None
        self.memory = MemoryStore(keep=1_000_000)
        self.judges: dict[str, Judge] = {}
        self.broken: BrokenRuleError | None = None
        self.dead: list[object] = []
        # How many replies to which call of which host are lost, beside those that are by chance.
        self.to_lose: Counter[tuple[str, str]] = Counter()
        self._begun = loop.time()

    @property
    def now(self) -> int:
        """The true time, which is the store's, in milliseconds."""
        return EPOCH + round((self.loop.time() - self._begun) * 1_000)

    def note(self, text: str) -> None:
        """Write *text* to the trace, if there is one."""
        if self.trace is not None:
            self.trace.append(f"{(self.now - EPOCH) / 1_000:9.3f} {text}")

    def apply(self, host: "Host", owner: str, name: str, operands: tuple[Any, ...]) -> object:
        """Make a call that has arrived at the store; return its answer, as it stands now."""
        if name == "claim" and len(operands) > 2:
            # Judged one after the other, though nothing can come in between.
            claims, lease, ended = operands
            self.apply(host, owner, "settle", (ended,))
            operands = claims, lease
        memory, now = self.memory, self.now
        memory.open("default", owner, lambda: now)
        before = {task: (row.held, row.token) for task, row in memory._rows.items()}
        answer = getattr(memory, name)(*operands)
        if self.trace is not None and name not in {"poll", "renew"}:
            self.note(f"{host.name} {name} {operands}")
        try:
            for task, judge in self.judges.items():
                judge.applied(host, owner, name, *before.get(task, (None, 0)))
        except BrokenRuleError as broken:
            self.broken = self.broken or broken
        if isinstance(answer, Reply):
            rows = {task: copy(row) for task, row in answer.rows.items()}
            return Reply(answer.now, answer.leases, rows, answer.workers)
        return answer


class Life:
    """One start of a host: when that dies, nothing that was to come of it comes."""

    def __init__(self, host: "Host") -> None:
        """Begin on *host*."""
        self.host = host
        self.world = host.world
        self.loop = host.world.loop
        self.is_over = False

    # The clock of its worker.

    def now(self) -> float:
        """Return the host's idea of the time."""
        return (self.world.now + self.host.skew) / 1_000

    def monotonic(self) -> float:
        """Return the seconds since the host was switched on."""
        return self.loop.time() + self.host.uptime

    def call_later(self, delay: float, callback: Callable[[], object], /) -> "_Timer":
        """Call *callback* in *delay* seconds, or when the host wakes up; it may die instead."""
        timer = _Timer(callback)
        self.loop.call_later(max(delay, 0.0), self._fire, timer)
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait as a run does."""
        awake = self.loop.create_future()
        self.call_later(seconds, lambda: awake.done() or awake.set_result(None))
        await awake

    def _fire(self, timer: "_Timer") -> None:
        host, world = self.host, self.world
        if timer.callback is None or self.is_over:
            return
        left = (host.frozen_until - world.now) / 1_000
        if left > 0:
            self.loop.call_later(left, self._fire, timer)
            return
        if world.is_hostile and not host.is_stopping:
            rates, chance = world.rates, world.draw()
            if chance < rates.crash:
                host.crash()
                return
            if chance < rates.crash + rates.pause:
                host.pause()
                self._fire(timer)
                return
        timer.callback()


class _Timer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Door:
    """The store as one life sees it: over a network, on which things get lost."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._owner = ""

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        self._owner = owner
        self._ask("poll", ())

    def close(self) -> None:
        self._ask("close", ())

    def unsubscribe(self) -> None:
        """Do nothing: nobody has subscribed."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *operands: self._ask(name, operands)

    def _ask(self, name: str, operands: tuple[Any, ...]) -> object:
        """Wait in the lane, which may take a while, for what the store answers."""
        life, world, answers = self._life, self._life.world, []
        host, rates, is_hostile = life.host, world.rates, world.is_hostile
        there, back = self._delay(), self._delay()
        if (is_hostile and world.draw() < rates.lost_request) or host.is_cut_off:
            there = _NEVER
        if is_hostile and world.draw() < rates.lost_reply:
            back = _NEVER
        if world.to_lose[host.name, name]:
            world.to_lose[host.name, name] -= 1
            back = _NEVER
        if there + back > 1_000:
            host.mishaps.append(world.now)

        def arrive() -> None:
            answers.append(world.apply(host, self._owner, name, operands))

        if there < _NEVER:
            # What is under way arrives, whatever becomes of who has sent it.
            life.loop.call_later(there / 1_000, arrive)
        lane = getcurrent()
        life.call_later(min(there + back, LIMIT) / 1_000, lane.switch)
        lane.parent.switch()
        if there + back > LIMIT:
            world.note(f"{host.name} hears nothing of its {name}")
            raise StoreUnavailableError("distant", TimeoutError("no answer"))
        return answers[0]

    def _delay(self) -> float:
        world = self._life.world
        if not world.is_hostile or world.draw() >= world.rates.slow:
            return 1 + int(world.draw() * 40)
        return 1 + int(world.draw() * (90_000 if world.draw() < 0.1 else 4_000))


class Lane:
    """Makes one call after the other, as a thread does, in virtual time."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._jobs: list[tuple[int, int, Callable[[], Any], asyncio.Future[Any]]] = []
        self._numbers = count()
        self._is_busy = False
        self._beat: Callable[[], object] | None = None
        self._every = self._next_beat = 0.0

    def beat(self, function: Callable[[], object], every: float) -> None:
        self._beat, self._every = function, every
        self._next_beat = self._life.monotonic() + every
        self._life.call_later(every, self._pump)

    def call(self, function: Callable[[], Any], *, is_urgent: bool = False) -> asyncio.Future[Any]:
        future = self._life.loop.create_future()
        heappush(self._jobs, (int(not is_urgent), next(self._numbers), function, future))
        self._pump()
        return future

    def stop(self) -> None:
        self._beat = None

    def _pump(self) -> None:
        if not self._is_busy:
            self._is_busy = True
            greenlet(self._work).switch()

    def _work(self) -> None:
        while True:
            if self._beat is not None and self._life.monotonic() >= self._next_beat - 1e-5:
                self._next_beat = self._life.monotonic() + self._every
                again = self._beat()
                if again is not None:
                    self._next_beat = self._life.monotonic() + again
                wait = self._next_beat - self._life.monotonic()
                self._life.call_later(max(wait, 0.0) + 0.000_001, self._pump)
            elif self._jobs:
                _, _, function, future = heappop(self._jobs)
                self._make(function, future)
            else:
                self._is_busy = False
                return

    def _make(self, function: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = function()
        except Exception as raised:
            error = raised
        self._life.loop.call_soon(self._tell, future, result, error)

    def _tell(self, future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
        if self._life.is_over or future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


class VirtualLanes:
    """Both lanes of a life, in place of the engine's threads."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._claims, self._reads = Lane(life), Lane(life)

    def beat(self, function: Callable[[], object], every: float, _: object) -> None:
        self._claims.beat(function, every)

    def claims(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        return self._claims.call(call)

    def reads(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        return self._reads.call(call)

    def listen(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """Hear nothing: in this world nobody pushes."""
        future = self._life.loop.create_future()
        future.set_result(False)
        return future

    def hush(self) -> None:
        """End nothing: no thread is there."""

    def close(self, timeout: float = 3.0) -> None:
        self._claims.stop()


class Host:
    """A machine with a real worker on it, which stops, dies and comes back when it likes."""

    def __init__(
        self, world: World, name: str, declare: Callable[["Host", Scheduler], None]
    ) -> None:
        """Start a worker for what *declare* declares, now and after each end."""
        self.world = world
        self.name = name
        self.skew = round((world.draw() * 2 - 1) * world.rates.skew)
        self.uptime = round(world.draw() * 1_000_000, 3)
        self.frozen_until = 0
        self.mishaps: list[int] = []
        self.pauses: list[tuple[int, int]] = []
        self.deaths: dict[str, int] = {}
        self.owner = ""
        self.is_stopping = False
        # Whether none of its messages arrives.
        self.is_cut_off = False
        self._declare = declare
        self.life: Life
        self.worker: Worker
        self.scheduler: Scheduler
        self._starting: asyncio.Task[None] | None = None
        self.start()

    def start(self) -> None:
        """Start a worker, with a new identity."""
        self.frozen_until = 0
        self.life = life = Life(self)
        scheduler = self.scheduler = Scheduler(enabled=True)
        self._declare(self, scheduler)
        environment = Environment(
            loop=life.loop,
            clock=life,
            threads=Threads(1),
            telling=Telling(()),
            context=copy_context(),
            cancel_grace=3.0,
            namespace="default",
            random=Random(self.world.random.random()),
            lanes=lambda _name, _loop: VirtualLanes(life),
        )
        terms = Terms(LEASE / 1_000, POLL / 1_000, follows_host=False)
        self.worker = Worker(environment, Door(life), terms=terms)
        self.owner = self.worker.id
        self.world.note(f"{self.name} starts as {self.owner}")
        self._starting = life.loop.create_task(self._start(life, scheduler))

    async def _start(self, life: Life, scheduler: Scheduler) -> None:
        worker = self.worker
        await worker.sharing.open()
        if not life.is_over:
            standings, injections = scheduler._preparation.start()
            worker.start(standings, len(scheduler.tasks), injections)
            scheduler._worker, worker.uses = worker, 1

    def crash(self) -> None:
        """Die, and come back some time later."""
        self.world.note(f"{self.name} dies")
        self.deaths[self.owner] = self.world.now
        self.life.is_over = True
        # What is cut off in the middle must not be found by the garbage collector.
        self.world.dead += [self.worker, self._starting]
        self.world.loop.call_later(self.world.draw() * LONGEST_ABSENCE / 1_000, self.start)

    def pause(self) -> None:
        """Stand still, for up to three leases."""
        world = self.world
        span = int(world.draw() * 3 * LEASE)
        self.frozen_until = world.now + span
        self.pauses.append((world.now, self.frozen_until))
        world.note(f"{self.name} stands still for {span / 1_000:.1f} s")
