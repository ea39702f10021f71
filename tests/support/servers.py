"""Real database servers, each begun once for a session of tests, in a folder of its own."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.support.waiting import wait_for

_PORTS = range(10_000, 32_000)
# Neither of them runs as root.
_DEBIAN = Path("/usr/lib/postgresql")


class Server:
    """A server that can be ended in any way, and comes back where it was."""

    def __init__(self, command: list[str], folder: Path, port: int) -> None:
        self.address = ""
        self.port = port
        self._command = command
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        # A server that is not to run as root is no child of ours: this file tells who it is.
        self._pid_file: Path | None = None
        self._immediately = signal.SIGKILL

    def begin(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        wait_for(
            lambda: _answers(self.port) or not self._is_alive(),
            what=lambda: self._log.read_text(errors="replace"),
        )
        assert self._is_alive(), self._log.read_text(errors="replace")

    def kill(self) -> None:
        """End it at once, whatever it is at; nothing is put in order."""
        assert self._process is not None
        written = "" if self._pid_file is None else self._pid_file.read_text()
        os.kill(int(written.split()[0]) if written else self._process.pid, self._immediately)
        self._process.wait(20)
        wait_for(lambda: not _answers(self.port))

    def end(self) -> None:
        """End it in peace."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None


class PostgresqlServer(Server):
    """PostgreSQL, which listens before it lets anybody in."""

    def __init__(self, command: list[str], folder: Path, port: int) -> None:
        super().__init__(command, folder, port)
        self._pid_file = folder / "data" / "postmaster.pid"
        # Which ends all of its processes.
        self._immediately = signal.SIGQUIT

    def begin(self) -> None:
        """Start it, and wait until it lets clients in."""
        super().begin()
        asking = [_postgres("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_for(lambda: subprocess.run(asking, check=False).returncode == 0)


@contextmanager
def postgresql() -> Iterator[Server]:
    """Run PostgreSQL; give the server, with the address of its database."""
    with _folder_of("postgres") as (folder, as_user), _postgresql(folder, as_user) as server:
        yield server


@contextmanager
def _postgresql(folder: Path, as_user: list[str]) -> Iterator[Server]:
    data, port = folder / "data", free_port()
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
    with _served(PostgresqlServer(command, folder, port)) as server:
        server.address = f"postgresql://tester@127.0.0.1:{port}/postgres"
        yield server


@contextmanager
def mariadb() -> Iterator[Server]:
    """Run MariaDB; give the server, with the address of its database."""
    with _folder_of("mysql") as (folder, as_user), _mariadb(folder, as_user) as server:
        yield server


@contextmanager
def _mariadb(folder: Path, as_user: list[str]) -> Iterator[Server]:
    data, port = folder / "data", free_port()
    # Not where the environment says: that may be for somebody else alone.
    plain = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder}"]
    _run([*as_user, "mariadb-install-db", *plain, "--auth-root-authentication-method=normal"])
    settings = [
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        # What is committed outlives the process, though not the machine.
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-buffer-pool-size=64M",
        "--skip-log-bin",
    ]
    with _served(Server([*as_user, _mariadbd(), *plain, *settings], folder, port)) as server:
        server._pid_file = folder / "pid"
        make = ["mariadb", "--no-defaults", "-uroot", f"--socket={folder / 'socket'}", "-e"]
        made = ["CREATE DATABASE ostinato", "CREATE USER tester@'127.0.0.1'"]
        _run([*make, "; ".join([*made, "GRANT ALL ON *.* TO tester@'127.0.0.1'"])])
        server.address = f"mysql://tester@127.0.0.1:{port}/ostinato"
        yield server


@contextmanager
def redis(folder: Path, *options: str) -> Iterator[Server]:
    """Run Valkey or Redis in *folder*, with *options* of its own; give the server."""
    port = free_port()
    program = shutil.which("valkey-server") or "redis-server"
    settings = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "save": ""}
    chosen = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with _served(Server([program, *chosen, *options], folder, port)) as server:
        server.address = f"redis://127.0.0.1:{port}"
        yield server


@contextmanager
def pgbouncer(server: Server) -> Iterator[Server]:
    """Run PgBouncer before PostgreSQL: each transaction may be another's connection."""
    with _folder_of("postgres") as (folder, as_user), _pgbouncer(folder, as_user, server) as pooler:
        yield pooler


@contextmanager
def _pgbouncer(folder: Path, as_user: list[str], server: Server) -> Iterator[Server]:
    port = free_port()
    (folder / "users").write_text('"tester" ""\n')
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": folder / "users",
        "pool_mode": "transaction",
        "default_pool_size": 4,
        "max_client_conn": 100,
        "pidfile": folder / "pid",
    }
    database = f"[databases]\npostgres = host=127.0.0.1 port={server.port}\n[pgbouncer]\n"
    chosen = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "settings").write_text(database + chosen)
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    pooler = Server([*as_user, program, "-q", str(folder / "settings")], folder, port)
    with _served(pooler):
        pooler._pid_file = folder / "pid"
        pooler.address = f"postgresql://tester@127.0.0.1:{port}/postgres"
        yield pooler


def free_port() -> int:
    """Return a port that nobody listens on.

    None of those that systems give to callers: one of the many sessions of tests beside this one
    could have it before it is listened on.
    """
    while True:
        with closing(socket.socket()) as listener, suppress(OSError):
            listener.bind(("127.0.0.1", secrets.choice(_PORTS)))
            return listener.getsockname()[1]


@contextmanager
def _served(server: Server) -> Iterator[Server]:
    try:
        server.begin()
        yield server
    finally:
        server.end()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _folder_of(user: str) -> Iterator[tuple[Path, list[str]]]:
    """Give a folder of *user*, and what begins a command that is not to run as root.

    Not one of pytest's, nor where the environment says: what lies above those may be for root
    alone, and each session of pytest that begins beside this one makes it so again.
    """
    is_root = os.geteuid() == 0
    above = "/tmp" if is_root else None  # noqa: S108 - a folder of its own, with a random name
    with tempfile.TemporaryDirectory(
        prefix="ostinato-", dir=above, ignore_cleanup_errors=True
    ) as name:
        if not is_root:
            yield Path(name), []
            return
        shutil.chown(name, user)
        # Where a login shell would look, and an environment that was cleared does not.
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        yield Path(name), [shutil.which("runuser", path=path) or "runuser", "-u", user, "--"]


def _postgres(program: str) -> str:
    found = [shutil.which(program), *sorted(map(str, _DEBIAN.glob(f"*/bin/{program}")))]
    return next(path for path in found if path)


def _mariadbd() -> str:
    return shutil.which("mariadbd") or "/usr/sbin/mariadbd"


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert ended.returncode == 0, ended.stdout + ended.stderr
