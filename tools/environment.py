"""The virtual environment `.venv`: made when it is missing, completed when it is out of date."""

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from tools.report import fail, step

__all__ = ["Environment"]

_IS_USABLE = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"


class Environment:
    """The project's own environment; the system's Python is never installed into."""

    def __init__(self, root: Path) -> None:
        """Describe the environment of the checkout at *root*; nothing is made yet."""
        self._root = root
        self._folder = root / ".venv"
        self._programs = self._folder / ("Scripts" if os.name == "nt" else "bin")
        self._stamp = self._folder / "provided.json"

    def provide(self, group: str) -> None:
        """Install the project with the dependency *group*, unless that was done before."""
        wanted = self._fingerprint()
        provided = self._provided()
        if provided.get(group) == wanted:
            return
        self._provide_uv()
        step(f"installing the project and its group '{group}' into .venv")
        self._quietly(
            *(self._program("uv"), "pip", "install", "--python", self._program("python")),
            *("--editable", ".[all]", "--group", group, "--constraints", "constraints.txt"),
        )
        # Only what has been done is stamped: an interrupted installation is taken up again.
        self._stamp.write_text(json.dumps({**provided, group: wanted}), "utf-8")

    def pin(self) -> int:
        """Write the newest versions of everything that is installed anywhere to constraints.txt."""
        self._provide_uv()
        groups = [argument for name in ("dev", "demo") for argument in ("--group", name)]
        return self.run(
            *("uv", "pip", "compile", "--quiet", "--upgrade", "--universal", "--all-extras"),
            *("--python-version", "3.11", "--no-header", "--no-annotate", *groups),
            *("--output-file", "constraints.txt", "pyproject.toml"),
        )

    def run(
        self, program: str, *arguments: str, path: Iterable[Path] = (), log: Path | None = None
    ) -> int:
        """Run the environment's *program* and return its exit code.

        The folders in *path* come before all others on its PATH. What it prints goes to this
        terminal, or into the file *log*.
        """
        folders = [*map(str, path), str(self._programs), os.environ.get("PATH", os.defpath)]
        environment = {**_variables(), "PATH": os.pathsep.join(folders)}
        command: list[str | Path] = [self._program(program), *arguments]
        with (
            nullcontext() if log is None else log.open("wb") as output,
            subprocess.Popen(
                command, cwd=self._root, env=environment, stdout=output, stderr=output
            ) as process,
        ):
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    # The terminal has told the child too: it ends in its own good order.
                    continue

    def _provide_uv(self) -> None:
        """Make the environment and its installer, unless they are there and run."""
        if not self._is_usable():
            step(f"making .venv with {sys.executable}")
            # An environment whose Python has gone cannot be mended: begin anew.
            shutil.rmtree(self._folder, ignore_errors=True)
            self._quietly(sys.executable, "-m", "venv", "--without-pip", self._folder)
        if not self._runs("uv", "--version"):
            python = self._program("python")
            self._quietly(python, "-m", "ensurepip")
            self._quietly(
                *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--constraint", "constraints.txt", "uv"),
            )

    def _provided(self) -> dict[str, str]:
        """Return the fingerprints of the groups that are installed in a Python that runs."""
        try:
            provided: dict[str, str] = json.loads(self._stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return provided if self._is_usable() else {}

    def _fingerprint(self) -> str:
        """Return what changes with everything that decides what is installed."""
        digest = hashlib.sha256(str(self._folder).encode())
        for name in ("pyproject.toml", "constraints.txt"):
            digest.update((self._root / name).read_bytes())
        return digest.hexdigest()

    def _program(self, name: str) -> Path:
        return self._programs / (f"{name}.exe" if os.name == "nt" else name)

    def _is_usable(self) -> bool:
        """Tell whether the environment is there and its Python runs and is new enough."""
        return self._runs("python", "-c", _IS_USABLE)

    def _runs(self, program: str, *arguments: str) -> bool:
        command: Sequence[str | Path] = [self._program(program), *arguments]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def _quietly(self, *command: str | Path) -> None:
        """Run *command*, and stop with all that it said if it fails."""
        ended = subprocess.run(
            command,
            cwd=self._root,
            env=_variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if ended.returncode:
            print(ended.stdout.decode(errors="replace"), file=sys.stderr)
            fail(f"that failed: {' '.join(map(str, command))}")


def _variables() -> dict[str, str]:
    """Return the environment's variables, with which uv trusts what this machine trusts.

    pip does so by itself. uv's own certificates do not know a company's proxy.
    """
    paths = ssl.get_default_verify_paths()
    return (
        {"UV_SYSTEM_CERTS": "1", **os.environ} if paths.cafile or paths.capath else {**os.environ}
    )
