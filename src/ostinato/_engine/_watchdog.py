"""Who blocks the event loop, and where: a thread looks, for the loop itself cannot."""

import asyncio
import sys
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from sysconfig import get_paths
from types import CodeType, FrameType
from typing import NamedTuple

from ostinato._clock import SystemClock
from ostinato._engine._threads import start_daemon

__all__ = ["Blocked", "Watchdog"]

_ENDLESS = 5.0
_KEPT = 100
_FRAMES = 25
# Where the loop is that has nothing to do, or goes from one callback to the next.
_MACHINERY = ("selectors", "asyncio.base_events", "asyncio.events", "uvloop")
# What executes the runs: their frames know which task it is.
_PERFORMERS = ("ostinato._engine._perform", "ostinato._engine._quick")
# Not the lines that the application's authors have written.
_FOREIGN = (
    "<",
    str(Path(__file__).parents[1]),
    *(get_paths()[each] for each in ("stdlib", "platstdlib", "purelib", "platlib")),
)


class Blocked(NamedTuple):
    """A stretch of time in which the event loop did not turn.

    Attributes:
        seconds: How long it was, give or take a quarter of what is looked for.
        task_name: The task whose function was at work, or None.
        line: The application's own line that was at work, or that of what it has called.
        stack: How that was reached.
        is_over: Whether the loop turns again.
    """

    seconds: float
    task_name: str | None
    line: str
    stack: str
    is_over: bool = True


class _Sample(NamedTuple):
    """Where the loop's thread was at one moment, as it is found in no time.

    Attributes:
        task_name: The task at work, or None.
        function: The innermost function of the application's own.
        line: The line in it.
        stack: How that was reached: codes and lines, the innermost first.
    """

    task_name: str | None
    function: CodeType
    line: int
    stack: tuple[tuple[CodeType, int], ...]


class Watchdog:
    """Asks an event loop twice in each stretch of a *threshold* to answer, from a thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        threshold: float,
        on_blocked: Callable[[Blocked], object],
        *,
        patience: float = _ENDLESS,
    ) -> None:
        """Prepare to watch the running *loop*, in the thread that runs it.

        Args:
            loop: The event loop.
            threshold: For how many seconds it may be blocked before *on_blocked* is told.
            on_blocked: Is told on the loop, once it turns again.
            patience: After how many seconds it is told from the thread, before that: a loop may be
                blocked for ever.
        """
        self._loop = loop
        self._threshold = threshold
        self._on_blocked = on_blocked
        self._patience = patience
        self._every = threshold / 2
        self._watched = threading.get_ident()
        self._stopping = threading.Event()
        self._monotonic = SystemClock.monotonic
        # When the loop was asked last, when it has answered, and when it had before.
        self._asked_at = self._answered_at = self._turned_at = self._monotonic()
        # The frame on which the loop's callbacks stand, where the loop itself has none.
        self._floor = 0
        # When the latest blocks have ended, and how long they were.
        self._recent: deque[tuple[float, Blocked]] = deque(maxlen=_KEPT)

    def start(self) -> None:
        """Watch, until the loop ends or `stop` is called."""
        start_daemon("ostinato-watchdog", self._watch)

    def stop(self) -> None:
        """Watch no longer."""
        self._stopping.set()

    def within(self, seconds: float) -> list[Blocked]:
        """Return what has ended in the last so many *seconds*."""
        since = self._monotonic() - seconds
        return [blocked for at, blocked in tuple(self._recent) if at >= since]

    def _watch(self) -> None:
        while not (self._stopping.wait(self._every) or self._loop.is_closed()):
            if (sample := self._sample()) is None:
                # To ask it would wake it up, which is most of what all this costs.
                self._answered_at = self._monotonic()
            elif not (self._ask() and self._follow([sample])):
                return

    def _follow(self, samples: list[_Sample]) -> bool:
        """Look where the loop's thread is until it answers; return whether there is a loop."""
        is_told = False
        if self._stopping.wait(self._every):
            return False
        while self._answered_at < self._asked_at:
            if (sample := self._sample()) is not None:
                samples.append(sample)
            lasted = self._lasted(self._monotonic())
            if not is_told and lasted >= self._patience:
                is_told = True
                self._on_blocked(_blocked(samples, lasted, is_over=False))
            if self._stopping.wait(self._every) or self._loop.is_closed():
                return False
        lasted = self._lasted(self._answered_at)
        if lasted < self._threshold:
            return True
        return self._note(samples, lasted, is_told=is_told)

    def _ask(self) -> bool:
        """Ask the loop to answer; return whether there still is one."""
        self._turned_at, self._asked_at = self._answered_at, self._monotonic()
        try:
            self._loop.call_soon_threadsafe(self._answer)
        except RuntimeError:
            return False
        return True

    def _answer(self) -> None:
        """Say that the loop turns; on the loop."""
        caller = sys._getframe().f_back  # noqa: SLF001 - the one way to see where it is called from
        # A loop in Python makes a frame for each callback, whose number may be another's next.
        is_lasting = caller is not None and not _is_machinery(caller)
        self._floor = id(caller) if is_lasting else 0
        self._answered_at = self._monotonic()

    def _lasted(self, until: float) -> float:
        """Return for how long the loop has not turned, *until* then.

        It was found to turn up to some moment between the last answer and the question.
        """
        return until - (self._asked_at + self._turned_at) / 2

    def _note(self, samples: list[_Sample], lasted: float, *, is_told: bool) -> bool:
        """Tell of a block that is over, unless it was told of; return whether there is a loop."""
        blocked = _blocked(samples, lasted, is_over=True)
        self._recent.append((self._answered_at, blocked))
        if is_told:
            return True
        try:
            self._loop.call_soon_threadsafe(self._on_blocked, blocked)
        except RuntimeError:
            return False
        return True

    def _sample(self) -> _Sample | None:
        """Return where the loop's thread is at work; None: the loop turns, or sleeps."""
        leaf = sys._current_frames().get(self._watched)  # noqa: SLF001 - the one way to see where a thread is
        if leaf is None or id(leaf) == self._floor or _is_machinery(leaf):
            return None
        frame = _own_frame(leaf, self._floor)
        return _Sample(
            _task_name(leaf), frame.f_code, frame.f_lineno, tuple(_lines(leaf, self._floor))
        )


def _is_machinery(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_MACHINERY)


def _own_frame(leaf: FrameType, floor: int) -> FrameType:
    """Return the innermost frame of the application's own code; without one, *leaf*."""
    frame: FrameType | None = leaf
    while frame is not None and id(frame) != floor:
        if not frame.f_code.co_filename.startswith(_FOREIGN):
            return frame
        if _is_machinery(frame):
            break
        frame = frame.f_back
    return leaf


def _task_name(leaf: FrameType) -> str | None:
    """Return the name of the task whose run is under way in *leaf*, or below it."""
    frame: FrameType | None = leaf
    while frame is not None:
        if frame.f_globals.get("__name__") in _PERFORMERS:
            name: str | None = getattr(frame.f_locals.get("standing"), "name", None)
            if name is not None:
                return name
        frame = frame.f_back
    return None


def _lines(leaf: FrameType, floor: int) -> Iterator[tuple[CodeType, int]]:
    """Yield where *leaf* is and what has led there, down to the loop itself."""
    frame: FrameType | None = leaf
    for _ in range(_FRAMES):
        if frame is None or id(frame) == floor or _is_machinery(frame):
            return
        yield frame.f_code, frame.f_lineno
        frame = frame.f_back


def _blocked(samples: list[_Sample], lasted: float, *, is_over: bool) -> Blocked:
    """Return what was seen most often, and of several the latest: the first may just have ended."""
    latest = samples[::-1]
    seen = Counter((each.task_name, each.function) for each in latest)
    ((most, _), *_) = seen.most_common(1)
    task_name, function, line, stack = next(each for each in latest if each[:2] == most)
    frames = [
        traceback.FrameSummary(code.co_filename, number, code.co_name)
        for code, number in reversed(stack)
    ]
    return Blocked(
        round(lasted, 3),
        task_name,
        f"{function.co_qualname} ({function.co_filename}:{line})",
        "".join(traceback.format_list(frames)),
        is_over,
    )
