"""The pytest plugin: an application's tasks do not run in its tests by accident."""

import subprocess
import sys
from pathlib import Path

from ostinato._enabled import is_enabled, switch

SUITE = """
import pytest
from ostinato._enabled import is_enabled
from ostinato.testing import ManualClock, Recorder

def test_off():
    assert not is_enabled(None)

@pytest.mark.ostinato(live=True)
def test_on():
    assert is_enabled(None)

@pytest.mark.ostinato(live=False)
def test_off_again():
    assert not is_enabled(None)

def test_fixtures(ostinato_clock, ostinato_recorder):
    assert isinstance(ostinato_clock, ManualClock)
    assert isinstance(ostinato_recorder, Recorder)
"""


def test_schedulers_run_only_in_the_tests_that_say_so(tmp_path: Path) -> None:
    """Marked `ostinato(live=True)`; with `--strict-markers` the mark is known."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    plugin = [] if _is_installed() else ["-p", "ostinato.testing.plugin"]
    options = ["-q", "--strict-markers", "-p", "no:cacheprovider", "-p", "no:randomly"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *options, "--rootdir", str(tmp_path), tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert "4 passed" in done.stdout, done.stdout + done.stderr


def _is_installed() -> bool:
    from importlib.metadata import entry_points

    return any(each.name == "ostinato" for each in entry_points(group="pytest11"))


def test_the_default_can_be_switched() -> None:
    """And is told what it was."""
    before = switch(on=True)
    try:
        assert is_enabled(None)
        assert switch(on=False)
        assert not is_enabled(None)
    finally:
        switch(on=before)
