"""What the public test kit asks for."""

import subprocess
import sys


def test_time_can_be_driven_where_pytest_is_not_installed() -> None:
    """A test kit of any other make, or none, is as good."""
    program = (
        "import sys; sys.modules['pytest'] = None;"
        "from ostinato.testing import ManualClock, Recorder, StoreContract, simulate"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, b"")
