"""What goes wrong for those who call the command line; a part of the tree in `errors.py`."""

from ostinato._error_root import ConfigurationError, OstinatoError
from ostinato._shown import shown

__all__ = [
    "AppNotFoundError",
    "ForeignDeclarationError",
    "LifespanFailedError",
    "WorkerRefusedError",
]


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


class WorkerRefusedError(OstinatoError, ConnectionError):
    """A worker that was asked over HTTP did not answer, or refused."""

    def __init__(self, url: str, status: int | None, message: str) -> None:
        """Build the message from the *url*, the *status* of the answer and its *message*."""
        self.url = url
        self.status = status
        did = "does not answer" if status is None else f"has answered {status}"
        super().__init__(f"the worker at {url} {did}: {message}")
