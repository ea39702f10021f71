"""Periodic tasks inside FastAPI, Starlette and any ASGI app."""

from typing import TYPE_CHECKING

from ostinato.errors import (
    ArgumentTypeError,
    ConfigurationError,
    ForeignLoopError,
    InvalidArgumentError,
    InvalidCronError,
    InvalidFunctionError,
    InvalidScheduleError,
    MissingExtraError,
    NoRunningLoopError,
    OstinatoError,
    UnmetRequirementError,
)
from ostinato.tasks import RepeatedFunction, Repetition, repeat_every

if TYPE_CHECKING:
    from ostinato.schedules import Cron, Delay, Every, Once

__all__ = [
    "ArgumentTypeError",
    "ConfigurationError",
    "Cron",
    "Delay",
    "Every",
    "ForeignLoopError",
    "InvalidArgumentError",
    "InvalidCronError",
    "InvalidFunctionError",
    "InvalidScheduleError",
    "MissingExtraError",
    "NoRunningLoopError",
    "Once",
    "OstinatoError",
    "RepeatedFunction",
    "Repetition",
    "UnmetRequirementError",
    "repeat_every",
]


def __getattr__(name: str) -> object:
    """Import the schedules when one is asked for: they would double the time of the import."""
    if name not in {"Cron", "Delay", "Every", "Once"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
    from ostinato import schedules  # noqa: PLC0415 - as above

    return getattr(schedules, name)
