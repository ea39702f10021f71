"""Watch tokens expire and vanish: a real server, and visitors who ask it for tokens.

Ctrl-C ends it. Its database is in a temporary folder and is gone then.
"""

import argparse
import http.client
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

HOST = "127.0.0.1"
LIFETIMES = (4, 9, 3, 14, 6, 3, 11, 5)  # in seconds; short, so that there is something to watch
AT_THE_START = 5
ENOUGH = 8
COLOURS = {"issued": "36", "expired": "33", "removed": "32"}

Tokens = list[dict[str, float]]


def main() -> int:
    """Run the demo until Ctrl-C, or for as long as was asked for."""
    options = parsed_options()
    # Service managers end with this what a person ends with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    view = View()
    try:
        with TemporaryDirectory(prefix="ostinato-demo-") as folder:
            serve(options, Path(folder), view)
    except KeyboardInterrupt:
        pass  # The way it is meant to end: the server has stopped in order by now.
    view.show("\n  Ended, and nothing is left behind.")
    return 0


def serve(options: argparse.Namespace, folder: Path, view: "View") -> None:
    """Serve the application, its database in *folder*, and let visitors ask for tokens."""
    os.environ["DATABASE_URL"] = f"sqlite:///{folder.as_posix()}/tokens.db"
    os.environ["CLEANING_PERIOD"] = str(options.period)
    from app import app  # noqa: PLC0415 - it reads the variables above when it is imported

    logging.getLogger("tokens").addFilter(view.show_record)
    logging.getLogger("tokens").setLevel(logging.INFO)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    ended = threading.Event()
    with listening(options.port) as listener:
        port = listener.getsockname()[1]
        view.show_title(port, "" if port == options.port else f"Port {options.port} is taken. ")
        visitors = threading.Thread(target=visit, args=(port, view, ended), daemon=True)
        timer = threading.Timer(options.seconds, setattr, (server, "should_exit", True))
        timer.daemon = True
        visitors.start()
        if options.seconds:
            timer.start()
        try:
            server.run(sockets=[listener])
        finally:
            ended.set()
            timer.cancel()
            visitors.join(1)


def visit(port: int, view: "View", ended: threading.Event) -> None:
    """Ask for tokens, as visitors would, and tell when any token's time is up."""
    lifetimes, seen, expiring = cycle(LIFETIMES), set[float](), dict[float, float]()
    next_request = time.monotonic()
    while not ended.wait(0.1):
        for number in [number for number, end in expiring.items() if end <= time.monotonic()]:
            del expiring[number]
            view.show_event("expired", f"token {number:.0f}")
        try:
            tokens = request(port, "GET")
            if len(tokens) < ENOUGH and time.monotonic() >= next_request:
                request(port, "POST", {"lifetime": next(lifetimes)})
                # A few at the start; then unhurried, and fewer than there is room for.
                next_request = time.monotonic() + (0.3 if len(seen) < AT_THE_START else 1.7)
        except OSError:
            continue  # The server starts, or stops.
        for token in tokens:
            if token["id"] not in seen:
                seen.add(token["id"])
                expiring[token["id"]] = time.monotonic() + token["seconds_left"]


def request(port: int, method: str, body: dict[str, float] | None = None) -> Tokens:
    """Ask the server for `/tokens` and return what it answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, "/tokens", payload, {"content-type": "application/json"})
        answer: Tokens = json.load(connection.getresponse())
        return answer
    finally:
        connection.close()


class View:
    """The terminal: a title, and then a line for each event."""

    def __init__(self) -> None:
        """Write in colours where there is a terminal that wants them."""
        self._is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def show_title(self, port: int, remark: str) -> None:
        """Show where the page is, and how this ends."""
        address = self._styled("1;4", f"http://{HOST}:{port}/")
        self.show(f"\n  {remark}Tokens expire and vanish at {address} (Ctrl-C ends it)\n")

    def show_record(self, record: logging.LogRecord) -> bool:
        """Show what the application logs; being a filter, keep it from being logged as well."""
        event, _, facts = record.getMessage().partition(" ")
        # Most runs find nothing to do; the page shows these too.
        if not facts.startswith("0 "):
            self.show_event(event, facts)
        return False

    def show_event(self, event: str, facts: str) -> None:
        """Show one event, with the time of day."""
        clock = self._styled("2", time.strftime("%H:%M:%S"))
        self.show(f"  {clock}  {self._styled(COLOURS[event], f'{event:8}')} {facts}")

    def show(self, line: str) -> None:
        """Write one line; if nobody reads any more, end."""
        try:
            print(line, flush=True)
        except BrokenPipeError:
            # What the interpreter flushes at its end must not fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            os.kill(os.getpid(), signal.SIGINT)

    def _styled(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._is_coloured else text


def listening(port: int) -> socket.socket:
    """Listen on *port*, or on a free one where that is taken."""
    try:
        return socket.create_server((HOST, port))
    except OSError:
        return socket.create_server((HOST, 0))


def parsed_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")
    parser.add_argument(
        "--period",
        type=float,
        default=2,
        metavar="SECONDS",
        help="how often expired tokens are removed (default: %(default)s)",
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        default=0,
        metavar="SECONDS",
        help="end by itself (default: at Ctrl-C)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
