"""What goes wrong with the memory that workers share; a part of the tree in `errors.py`."""

from ostinato._error_root import ConfigurationError, OstinatoError
from ostinato._shown import shown

__all__ = [
    "ForeignSessionError",
    "LeaseLostError",
    "SchemaError",
    "StoreError",
    "StoreFileError",
    "StoreUnavailableError",
    "TaskInUseError",
]


class StoreError(OstinatoError):
    """A store did not do what it was asked; the driver's error is the `__cause__`."""

    def __init__(self, store: str, problem: str) -> None:
        """Build the message from the *store*, its password hidden, and the *problem*."""
        self.store = store
        super().__init__(f"the store {store} {problem}")


class StoreUnavailableError(StoreError, ConnectionError):
    """A store cannot be reached, or did not answer in time; nothing is claimed until it does."""

    def __init__(self, store: str, cause: BaseException) -> None:
        """Build the message from the *store* and the first line of what its driver said."""
        said = str(cause).strip().partition("\n")[0]
        super().__init__(store, f"does not answer ({said}); tasks wait until it does")


class StoreFileError(StoreError, OSError):
    """The file of a store cannot be what workers share: it does not get better by waiting."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        """Build the message from the *path*, the *problem* and the *remedy*."""
        self.path = path
        super().__init__(path, f"{problem}; {remedy}")


class SchemaError(StoreError):
    """The tables of a store are missing, or of a version that does not go with this library."""

    def __init__(self, store: str, *, found: int | None, expected: int) -> None:
        """Build the message from the versions that were *found* and *expected*."""
        self.found = found
        self.expected = expected
        if found is None:
            problem = (
                "has no tables, and auto_create=False leaves them to you; create them with what "
                "ostinato.stores.ddl(address) returns"
            )
        elif found > expected:
            problem = (
                f"has tables of version {found}, and this library knows those up to {expected}; "
                "upgrade ostinato on this worker"
            )
        else:
            problem = (
                f"has tables of version {found}, and this library needs those of {expected}; "
                "migrate them first"
            )
        super().__init__(store, problem)


class LeaseLostError(StoreError, RuntimeError):
    """A run may not commit: its lease was lost, and its task may be running elsewhere."""

    def __init__(self, store: str, task_name: str) -> None:
        """Build the message from the *store* and the *task_name*."""
        self.task_name = task_name
        super().__init__(
            store,
            f"does not hold the lease for this run of {shown(task_name)} any more; let the "
            "transaction be rolled back, and the run end",
        )


class ForeignSessionError(ConfigurationError, ValueError):
    """A run was to guard a transaction of another database than that of its store."""

    def __init__(self, store: str, session: str) -> None:
        """Build the message from the addresses of the *store* and of the *session*."""
        self.store = store
        self.session = session
        super().__init__(
            f"run.guard(session) needs a session of the database in which the store is, PostgreSQL "
            f"or MySQL; the store of this run is {store}, and the session is of {session}"
        )


class TaskInUseError(OstinatoError, RuntimeError):
    """A task was to be forgotten that a live worker has declared."""

    def __init__(self, task_name: str) -> None:
        """Build the message from the *task_name*."""
        self.task_name = task_name
        super().__init__(
            f"{shown(task_name)} is declared by a worker that was seen in the last five minutes; "
            "stop the workers that declare it first, or pause it"
        )
