"""What goes wrong for those who call the command line; a part of the tree in `errors.py`."""

from collections.abc import Sequence

from ostinato._error_root import ConfigurationError, OstinatoError
from ostinato._shown import shown

__all__ = [
    "AppNotFoundError",
    "ForeignDeclarationError",
    "LifespanFailedError",
    "RunNotFoundError",
    "WorkerRefusedError",
]

# Of the runs under way so many are told.
_MOST = 3


class AppNotFoundError(ConfigurationError, LookupError):
    """The command line was not told where the scheduler is, or there is none."""

    def __init__(self, app: str | None, problem: str, remedy: str) -> None:
        """Build the message from the *app* that was named, the *problem* and the *remedy*."""
        self.app = app
        where = "" if app is None else f"--app {app}: "
        super().__init__(f"{where}{problem}; {remedy}")


class ForeignDeclarationError(OstinatoError, RuntimeError):
    """A task was to run by hand that the workers declare with another schedule."""

    def __init__(self, task_name: str, here: str, there: str) -> None:
        """Build the message from the *task_name*, and the texts of its schedules."""
        self.task_name = task_name
        super().__init__(
            f"{shown(task_name)} is declared as {shown(here)} here, and as {shown(there)} by the "
            "workers; run it by the version that they have, or deploy this one to them first"
        )


class LifespanFailedError(OstinatoError, RuntimeError):
    """The application of a command could not be started, or shut down."""

    def __init__(self, phase: str, message: str) -> None:
        """Build the message from the *phase*, and from what the application has said."""
        self.phase = phase
        said = message.strip() or "it did not say why"
        super().__init__(f"the application failed at its {phase}; mend what it says:\n{said}")


class RunNotFoundError(OstinatoError, LookupError):
    """A run was to be cancelled that is not under way."""

    def __init__(self, run_id: str, outcome: str | None, live: Sequence[str]) -> None:
        """Build the message from the *run_id*, its *outcome* if it has ended, and what is *live*.

        The ids of the runs under way are told, those of the same task first.
        """
        self.run_id = run_id
        known = "nobody knows it" if outcome is None else f"it has ended: {outcome}"
        # Whoever names the task means a run of it.
        own = [each for each in live if f"/{run_id}/" in each or _task_in(each) == _task_in(run_id)]
        near = [*own, *(each for each in live if each not in own)]
        under_way = f"under way are {', '.join(near[:_MOST])}" if near else "no run is under way"
        super().__init__(f"the run {shown(run_id)} is not under way, {known}; {under_way}")


class WorkerRefusedError(OstinatoError, ConnectionError):
    """A worker that was asked over HTTP did not answer, or refused."""

    def __init__(self, url: str, status: int | None, message: str) -> None:
        """Build the message from the *url*, the *status* of the answer and its *message*."""
        self.url = url
        self.status = status
        did = "does not answer" if status is None else f"has answered {status}"
        super().__init__(f"the worker at {url} {did}: {message}")


def _task_in(run_id: str) -> str:
    """Return the scheduler and the task that a *run_id* begins with."""
    return run_id.rpartition("/")[0]
