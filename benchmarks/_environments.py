"""The environments that the cases run in: one a Python, apart from the project's own."""

import os
import subprocess
import sys
from pathlib import Path

from tools.pythons import find_pythons

__all__ = ["FOLDER", "ROOT", "environment", "interpreters", "variables"]

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "benchmarks"
_ASK_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def interpreters(asked_for: list[Path]) -> dict[str, Path]:
    """Return the interpreters *asked_for* by version, or every supported one that is found."""
    if not asked_for:
        return find_pythons()
    return {_said([python, "-c", _ASK_VERSION]): python for python in asked_for}


def environment(version: str, python: Path, *peers: str) -> Path:
    """Return the Python of an environment that has the *peers* and no copy of the library.

    The library itself is imported from the checkout: what is measured is what is being edited.

    Args:
        version: The version of *python*, which names the environment.
        python: The interpreter to make it with.
        peers: What it is compared to, as pip takes it.
    """
    folder = FOLDER / version
    own_python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "peers.txt"
    if not own_python.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    if peers and (not stamp.exists() or stamp.read_text("utf-8") != "\n".join(peers)):
        print(f"installing {', '.join(peers)} for Python {version}", file=sys.stderr)
        subprocess.run([own_python, "-m", "pip", "install", "--quiet", *peers], check=True)
        stamp.write_text("\n".join(peers), "utf-8")
    return own_python


def variables() -> dict[str, str]:
    """Return the environment variables of a case: the user's, without Python's switches."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


def _said(command: list[str | Path]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
