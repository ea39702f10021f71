"""What only the operating system can give: looked for first, installed where that is allowed."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from tools.report import fail, step

__all__ = ["FOR_ENVIRONMENT", "FOR_TESTS", "Need", "require"]


@dataclass(frozen=True, slots=True)
class Need:
    """A program or a module of Python's own, and the Debian package that brings it."""

    package: str
    program: str | None = None
    module: str | None = None

    def is_met(self) -> bool:
        """Tell whether the program is on the PATH and the module can be found."""
        # Where Debian puts servers, and users do not look.
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
        has_program = self.program is None or shutil.which(self.program, path=path) is not None
        return has_program and (self.module is None or find_spec(self.module) is not None)


# Debian splits `ensurepip`, without which no virtual environment gets its pip, from Python.
FOR_ENVIRONMENT = (
    Need(f"python{sys.version_info.major}.{sys.version_info.minor}-venv", module="ensurepip"),
)
FOR_TESTS = (
    # It writes a program in C, which is then to be compiled.
    Need("spin", program="spin"),
    Need("gcc", program="gcc"),
    Need("libc6-dev", program="gcc"),
    Need("chromium", program="chromium"),
    Need("mariadb-server", program="mariadb-install-db"),
    Need("pgbouncer", program="pgbouncer"),
    Need("postgresql", program="pg_ctlcluster"),
    Need("redis-server", program="redis-server"),
)


def require(*needs: tuple[Need, ...]) -> None:
    """Return with every one of *needs* met, or stop with the one line that installs the rest."""
    missing = [need for group in needs for need in group if not need.is_met()]
    if not missing:
        return
    packages = [need.package for need in missing]
    by_hand = f"sudo apt-get install {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        fail(f"missing on this machine, to be installed its own way: {', '.join(packages)}")
    # Only root is asked by nobody: a password prompt in mid-run is not ours to raise.
    if os.geteuid() != 0:
        fail(f"this machine lacks what only Debian has; run: {by_hand}")
    step(f"installing from Debian: {', '.join(packages)}")
    if not _install(packages) or not all(need.is_met() for need in missing):
        fail(f"Debian's packages could not be installed; run: {by_hand}")


def _install(packages: list[str]) -> bool:
    """Install Debian's *packages*, with fresh lists where the ones at hand do not do."""
    install = ["install", "--yes", "--no-install-recommends", *packages]
    return _apt_get(*install, loud=False) or (_apt_get("update") and _apt_get(*install))


def _apt_get(*arguments: str, loud: bool = True) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ended = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if ended.returncode and loud:
        print(ended.stdout.decode(errors="replace"), file=sys.stderr)
    return ended.returncode == 0
