"""Real database servers, each begun once for a session of tests, in a folder of its own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.waiting import wait_for

# Neither of them runs as root.
_DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run PostgreSQL in *folder*; give the address of its database."""
    data, port = folder / "data", free_port()
    as_user = _as_user("postgres", folder)
    options = ["-A", "trust", "-U", "tester", "--no-sync", "-E", "UTF8", "--locale=C"]
    _run([*as_user, _postgres("initdb"), "-D", str(data), *options])
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": "60",
    }
    chosen = [f"--{name}={value}" for name, value in settings.items()]
    command = [*as_user, _postgres("postgres"), "-D", str(data), *chosen]
    asking = [_postgres("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with _served(command, folder, port):
        # It listens before it lets anybody in.
        wait_for(lambda: subprocess.run(asking, check=False).returncode == 0)
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Run MariaDB in *folder*; give the address of its database."""
    data, port = folder / "data", free_port()
    as_user = _as_user("mysql", folder)
    # Not where the environment says: that may be for somebody else alone.
    plain = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder}"]
    _run([*as_user, "mariadb-install-db", *plain, "--auth-root-authentication-method=normal"])
    settings = [
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=64M",
        "--skip-log-bin",
    ]
    with _served([*as_user, _mariadbd(), *plain, *settings], folder, port):
        make = ["mariadb", "--no-defaults", "-uroot", f"--socket={folder / 'socket'}", "-e"]
        made = ["CREATE DATABASE ostinato", "CREATE USER tester@'127.0.0.1'"]
        _run([*make, "; ".join([*made, "GRANT ALL ON *.* TO tester@'127.0.0.1'"])])
        yield f"mysql://tester@127.0.0.1:{port}/ostinato"


@contextmanager
def redis(folder: Path, *options: str) -> Iterator[str]:
    """Run Valkey or Redis in *folder*, with *options* of its own; give its address."""
    port = free_port()
    program = shutil.which("valkey-server") or "redis-server"
    settings = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "save": ""}
    chosen = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with _served([program, *chosen, *options], folder, port):
        yield f"redis://127.0.0.1:{port}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def _served(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for(
            lambda: _answers(port) or server.poll() is not None,
            what=lambda: (folder / "log").read_text(errors="replace"),
        )
        assert server.poll() is None, (folder / "log").read_text(errors="replace")
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _as_user(user: str, folder: Path) -> list[str]:
    """Return what begins a command that is not to run as root, for which *folder* is made ready."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, user)
    # What lies above it is pytest's, and for root alone.
    for above in folder.parents:
        if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o001)
    # Where a login shell would look, and an environment that was cleared does not.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [shutil.which("runuser", path=path) or "runuser", "-u", user, "--"]


def _postgres(program: str) -> str:
    found = [shutil.which(program), *sorted(map(str, _DEBIAN.glob(f"*/bin/{program}")))]
    return next(path for path in found if path)


def _mariadbd() -> str:
    return shutil.which("mariadbd") or "/usr/sbin/mariadbd"


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert ended.returncode == 0, ended.stdout + ended.stderr
