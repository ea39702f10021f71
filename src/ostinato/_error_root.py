"""The root of every error, and that of all errors of a program."""

from ostinato._shown import rebuilt

__all__ = ["ConfigurationError", "OstinatoError"]


class OstinatoError(Exception):
    """The root of every error that ostinato raises; each can be copied and pickled."""

    def __reduce__(self) -> tuple[object, ...]:
        """Return what makes it anew: its message and its data, not what they were built from."""
        return rebuilt, (type(self), self.args, self.__dict__)


class ConfigurationError(OstinatoError):
    """The program is wrong; raised while it declares its tasks, never at a tick."""
