"""What schedules do not depend on."""

import os
import subprocess
import sys

import pytest

import ostinato

ZURICH = """
from datetime import UTC, datetime
from ostinato import Cron
at = datetime(2026, 7, 1, tzinfo=UTC)
print(Cron("0 9 * * *").next_after(at), Cron("0 9 * * *", tz="Europe/Zurich").next_after(at))
"""


def run(program: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu", ":nonsense"])
def test_s37_the_zone_of_the_process_is_not_read(zone: str):
    """S37: the environment variable TZ changes nothing."""
    assert run(ZURICH, TZ=zone) == "2026-07-01 09:00:00+00:00 2026-07-01 07:00:00+00:00\n"


def test_who_uses_no_schedule_imports_none():
    """`import ostinato` alone loads neither the schedules nor the time zones."""
    heavy = {"ostinato.schedules", "cronsim", "zoneinfo"}
    program = f"import sys, ostinato; print({heavy} & {{*sys.modules}})"

    assert run(program) == "set()\n"


def test_the_schedules_are_names_of_the_package():
    """They can be imported from `ostinato`, and another name is an AttributeError."""
    from ostinato.schedules import Every

    assert ostinato.Every is Every
    with pytest.raises(AttributeError, match="has no attribute 'Never'"):
        _ = ostinato.Never  # type: ignore[attr-defined]
