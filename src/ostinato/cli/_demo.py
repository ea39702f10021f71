"""`demo`: four workers over SQLite with a dozen lively tasks, and the dashboard."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ostinato.cli._printing import console
from ostinato.errors import UnmetRequirementError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["demo"]

_HOST = "127.0.0.1"
_APP = "ostinato.cli._demo_app:app"
# Beside the one that serves the dashboard.
_WORKERS = 3
_PATIENCE = 10
# So often a second uvicorn looks whether it is to end.
_TICKS = 10


def demo(
    port: Annotated[int, typer.Option("--port", help="Of the dashboard.")] = 8000,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="End by itself after so many.", min=0)
    ] = None,
) -> None:
    """Start four workers with a dozen lively tasks, and the dashboard; Ctrl-C ends it."""
    for package, requirement in (("fastapi", "fastapi>=0.110"), ("uvicorn", "uvicorn>=0.30")):
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            feature = "`ostinato demo`"
            raise UnmetRequirementError(feature, requirement, found=None) from error
    # Service managers end with this what a person ends with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    try:
        with TemporaryDirectory(prefix="ostinato-demo-") as folder:
            os.environ["OSTINATO_STORE"] = f"sqlite:///{Path(folder).as_posix()}/state.db"
            os.environ["OSTINATO_ENABLED"] = "1"
            _serve(port, seconds)
    except KeyboardInterrupt:
        pass  # The way it is meant to end: all workers have stopped in order by now.
    console().print("\n  Ended, and nothing is left behind.")


def _serve(port: int, seconds: float | None) -> None:
    uvicorn: Any = import_module("uvicorn")
    with _listening(port) as listener, ExitStack() as workers:
        config = uvicorn.Config(_APP, log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        for _ in range(_WORKERS):
            workers.enter_context(_worker())
        taken = listener.getsockname()[1]
        _announce(taken, is_asked=port in (0, taken))
        if seconds is not None:
            _end_after(server, seconds)
        server.run(sockets=[listener])


def _end_after(server: Any, seconds: float) -> None:  # noqa: ANN401 - of uvicorn, which need not be there
    on_tick = server.on_tick

    async def is_over(counter: int) -> bool:
        return bool(await on_tick(counter)) or counter >= seconds * _TICKS

    server.on_tick = is_over


@contextmanager
def _worker() -> Generator[None]:
    """Run a worker while the block is open; it ends in order behind it."""
    command = [sys.executable, "-c", "from ostinato.cli import main; main()", "worker", _APP]
    process = subprocess.Popen(  # noqa: S603 - this very program
        command,
        env={**os.environ, "OSTINATO_DEMO_PARENT": str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # The terminal's Ctrl-C is for the demo, which tells them itself.
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _listening(port: int) -> Generator[socket.socket]:
    """Listen at *port*, or at another one where it is taken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError:
            listener.bind((_HOST, 0))
        yield listener


def _announce(port: int, *, is_asked: bool) -> None:
    out = console()
    out.print()
    out.print(Text("  ostinato", style="bold").append("  four workers, a dozen tasks, one file"))
    out.print()
    out.print(Text("  Dashboard   ").append(f"http://{_HOST}:{port}/ostinato/", style="bold cyan"))
    if not is_asked:
        out.print(Text("              the port that was asked for is taken", style="dim"))
    store = os.environ["OSTINATO_STORE"]
    steps = f"export OSTINATO_STORE={store}", f"ostinato --app {_APP} list --watch"
    for head, step in zip(("  Terminal    ", " " * 14), steps, strict=True):
        out.print(Text(head).append(step, style="cyan"), soft_wrap=True)
    out.print()
    out.print(Text("  Ctrl-C ends it, and nothing is left behind.", style="dim"))
