"""The root of every error."""

from ostinato._shown import rebuilt

__all__ = ["OstinatoError"]


class OstinatoError(Exception):
    """The root of every error that ostinato raises; each can be copied and pickled."""

    def __reduce__(self) -> tuple[object, ...]:
        """Return what makes it anew: its message and its data, not what they were built from."""
        return rebuilt, (type(self), self.args, self.__dict__)
