"""Periodic tasks inside FastAPI, Starlette and any ASGI app."""

from ostinato.errors import (
    ArgumentTypeError,
    ConfigurationError,
    ForeignLoopError,
    InvalidArgumentError,
    InvalidFunctionError,
    MissingExtraError,
    NoRunningLoopError,
    OstinatoError,
    UnmetRequirementError,
)
from ostinato.tasks import RepeatedFunction, Repetition, repeat_every

__all__ = [
    "ArgumentTypeError",
    "ConfigurationError",
    "ForeignLoopError",
    "InvalidArgumentError",
    "InvalidFunctionError",
    "MissingExtraError",
    "NoRunningLoopError",
    "OstinatoError",
    "RepeatedFunction",
    "Repetition",
    "UnmetRequirementError",
    "repeat_every",
]
