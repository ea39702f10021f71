"""Schedules: pure values that answer which is the first instant after this one."""

from ostinato.protocols import Schedule
from ostinato.schedules._combine import Between, Composable, Jittered, Union
from ostinato.schedules._cron import Cron
from ostinato.schedules._delay import Delay
from ostinato.schedules._every import Every
from ostinato.schedules._once import Once

__all__ = [
    "Between",
    "Composable",
    "Cron",
    "Delay",
    "Every",
    "Jittered",
    "Once",
    "Schedule",
    "Union",
]
