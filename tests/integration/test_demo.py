"""What `ostinato demo` starts: seen from outside, as its user sees it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.needs_fastapi,
    pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for other processes"),
]

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/ostinato/")


@contextmanager
def demo(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Run the demo, with *folder* as the place for temporary files."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from ostinato.cli import main; main()", "demo", "--port", "0"],
            env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def asked(port: int, path: str) -> dict[str, object]:
    """Return what the API answers; nothing, where it does not yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"/ostinato/api/{path}")
        answer: dict[str, object] = json.loads(connection.getresponse().read())
    except OSError:
        return {}
    finally:
        connection.close()
    return answer


def called(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "from ostinato.cli import main; main()", *arguments],
        env={**os.environ, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_four_workers_run_a_dozen_tasks_until_ctrl_c(tmp_path: Path):
    """It prints an address, something of every kind happens there, and it leaves nothing behind."""
    with demo(tmp_path) as (process, log):
        wait_for(
            lambda: ADDRESS.search(log.read_text("utf-8")), what=lambda: log.read_text("utf-8")
        )
        (port,) = map(int, ADDRESS.findall(log.read_text("utf-8")))

        def alive() -> list[dict[str, object]]:
            return [each for each in asked(port, "overview").get("workers", ()) if each["is_alive"]]

        def has_all_kinds() -> bool:
            counts = asked(port, "overview").get("counts", {})
            return bool(counts and counts["failing"] and counts["running"] and counts["paused"])

        wait_for(lambda: len(alive()) == 4, what=lambda: f"{alive()} {log.read_text('utf-8')}")
        wait_for(has_all_kinds, what=lambda: str(asked(port, "overview").get("counts")))
        url = f"http://127.0.0.1:{port}/ostinato"
        triggered = called("trigger", "reports.nightly", "--url", url, "--json")
        unknown = called("trigger", "reports.nihtly", "--url", url)
        pids = [int(str(each["pid"])) for each in alive()]
        tasks = asked(port, "overview")["tasks"]
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert code == 0
    assert json.loads(triggered.stdout)["kind"] == "manual"
    assert unknown.returncode == 1
    assert "did you mean 'reports.nightly'" in unknown.stderr
    assert isinstance(tasks, list)
    assert len(tasks) >= 12
    assert log.read_text("utf-8").rstrip().endswith("Ended, and nothing is left behind.")
    assert "Traceback" not in log.read_text("utf-8")
    assert [each.name for each in tmp_path.iterdir()] == ["log"]
    assert not any(map(is_there, pids))
