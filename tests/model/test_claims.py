"""The protocol of claims, model-checked by spin: every interleaving of a few workers and ticks."""

import re
import subprocess
from pathlib import Path

import pytest

MODEL = Path(__file__).parent / "claims.pml"
SMALL = {"WORKERS": 3, "TICKS": 3, "CRASHES": 1}


@pytest.mark.timeout(1_800)
def test_s29_s84_s86_no_interleaving_of_workers_breaks_the_protocol(
    tmp_path: Path, request: pytest.FixtureRequest
):
    """S29, S84, S86: one start a tick, no write behind a newer one, every tick in one place."""
    workers, ticks, crashes = request.config.getoption("--model").split(",")

    verdict = _checked(tmp_path, WORKERS=workers, TICKS=ticks, CRASHES=crashes)

    assert "errors: 0" in verdict, verdict
    # More than a thousand times what a wrong turn in the model would leave of it.
    states = re.search(r"(\d+) states, stored", verdict)
    assert states is not None
    assert int(states[1]) > 50_000
    print(f"{int(states[1]):,} states")


@pytest.mark.parametrize("mutant", ["READ_THEN_WRITE", "NO_FENCE", "UNTRUSTED"])
def test_s76_s80_s86_a_protocol_that_is_wrong_is_found_out(tmp_path: Path, mutant: str):
    """S76, S80, S86: claims that do not compare, writes without a fence, leases without an end."""
    verdict = _checked(tmp_path, mutant, **SMALL)

    assert "assertion violated" in verdict
    assert "errors: 1" in verdict


def _checked(folder: Path, *flags: str, **sizes: object) -> str:
    """Return what spin says of the model, with *flags* and *sizes* defined."""
    defined = [f"-D{flag}" for flag in flags] + [f"-D{name}={n}" for name, n in sizes.items()]
    _run(folder, "spin", *defined, "-a", str(MODEL))
    _run(folder, "gcc", "-O1", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c")
    # Deeper than any history is long: what is cut off would not have been looked at.
    verdict = _run(folder, "./pan", "-m1000000")
    assert "max search depth too small" not in verdict, verdict
    return verdict


def _run(folder: Path, *command: str) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
