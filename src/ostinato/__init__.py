"""Periodic tasks inside FastAPI, Starlette and any ASGI app."""

from ostinato.errors import (
    ArgumentTypeError,
    ConfigurationError,
    ForeignLoopError,
    InvalidArgumentError,
    InvalidFunctionError,
    MissingExtraError,
    OstinatoError,
)
from ostinato.tasks import RepeatedFunction, Repetition, repeat_every

__all__ = [
    "ArgumentTypeError",
    "ConfigurationError",
    "ForeignLoopError",
    "InvalidArgumentError",
    "InvalidFunctionError",
    "MissingExtraError",
    "OstinatoError",
    "RepeatedFunction",
    "Repetition",
    "repeat_every",
]
