"""What the command line cannot find; a part of the tree in `errors.py`."""

from ostinato._error_root import ConfigurationError, OstinatoError

__all__ = ["AppNotFoundError", "LifespanFailedError"]


class AppNotFoundError(ConfigurationError, LookupError):
    """The command line was not told where the scheduler is, or there is none."""

    def __init__(self, app: str | None, problem: str, remedy: str) -> None:
        """Build the message from the *app* that was named, the *problem* and the *remedy*."""
        self.app = app
        where = "" if app is None else f"--app {app}: "
        super().__init__(f"{where}{problem}; {remedy}")


class LifespanFailedError(OstinatoError, RuntimeError):
    """The application of a command could not be started, or shut down."""

    def __init__(self, phase: str, message: str) -> None:
        """Build the message from the *phase*, and from what the application has said."""
        self.phase = phase
        said = message.strip() or "it did not say why"
        super().__init__(f"the application failed at its {phase}; mend what it says:\n{said}")
