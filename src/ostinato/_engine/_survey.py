"""Look after the runs that are under way, and tell of those that go on for far too long."""

from ostinato._duration import MILLISECOND
from ostinato._engine._environment import Environment
from ostinato._engine._standing import Standing
from ostinato._engine._tell import Telling
from ostinato._run import Run
from ostinato.protocols import Timer
from ostinato.schedules import Delay, Jittered

__all__ = ["Survey", "is_stuck", "note_success"]

# Runs older than so many periods, and so many milliseconds, are told of; looked for so often.
_STUCK_PERIODS = 10
_STUCK = 600_000.0
_SECONDS = 60.0


class Survey:
    """Knows which tasks have runs under way, and looks at them every minute."""

    __slots__ = ("_environment", "_is_stopped", "_timer", "_told", "watched")

    def __init__(self, environment: Environment) -> None:
        """Begin with nothing under way."""
        self._environment = environment
        # The tasks of which a run was under way at the last survey, or has begun since.
        self.watched: set[Standing] = set()
        self._told: set[Run] = set()
        self._timer: Timer | None = None
        self._is_stopped = False

    def watch(self, standing: Standing) -> None:
        """Look after the runs of *standing*, one of which is under way."""
        self.watched.add(standing)
        if self._timer is None and not self._is_stopped:
            self._timer = self._environment.clock.call_later(_SECONDS, self._look)

    def stop(self) -> None:
        """Look no longer."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def tell(self, standing: Standing, run: Run, reason: str) -> None:
        """Tell that *run* is stuck, for the *reason* given."""
        self._told.add(run)
        self._environment.telling.tell(
            "ostinato.run_stuck", standing.task.name, run=run, reason=reason
        )

    def tell_once(self, standing: Standing, run: Run, reason: str) -> None:
        """Tell that *run* is stuck, unless that was told before."""
        if run not in self._told:
            self.tell(standing, run, reason)

    def _look(self) -> None:
        """Tell of each run that goes on for far too long, once."""
        self._timer = None
        self.watched = {standing for standing in self.watched if standing.live}
        live = [(standing, run) for standing in self.watched for run in standing.live]
        self._told.intersection_update(run for _, run in live)
        monotonic = self._environment.clock.monotonic()
        for standing, run in live:
            now = standing.timeline.at(monotonic)
            if run not in self._told and is_stuck(standing, run, now):
                self.tell(standing, run, f"it began at {run.started:%Y-%m-%d %H:%M:%S}")
        if live:
            self._timer = self._environment.clock.call_later(_SECONDS, self._look)


def is_stuck(standing: Standing, run: Run, now: float) -> bool:
    """Return whether *run* has been under way for far longer than its task's period."""
    begun = now if run._started is None else run._started
    return now - begun > max(_STUCK_PERIODS * _period_of(standing, run), _STUCK)


def note_success(standing: Standing, telling: Telling) -> None:
    """Note that a tick of the task has succeeded, and tell of it where those before have failed."""
    failures, standing.failures_in_row = standing.failures_in_row, 0
    if failures:
        telling.tell("ostinato.task_recovered", standing.name, failures_in_row=failures)


def _period_of(standing: Standing, run: Run) -> int:
    """Return how many milliseconds lie between two ticks of the task, about the time of *run*."""
    if standing.period:
        return standing.period
    schedule = standing.unbound
    if standing.has_delay:
        inner = schedule.inner if isinstance(schedule, Jittered) else schedule
        return inner.period // MILLISECOND if isinstance(inner, Delay) else 0
    following = standing.next_due
    return 0 if following is None else max(following - run._due, 0)
