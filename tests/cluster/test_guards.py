"""A worker that was stopped in its transaction, in a process of its own, commits nothing of it."""

import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]


def test_s82_s86_a_stopped_worker_commits_nothing_of_what_it_was_at(
    postgresql_address: str, tmp_path: Path
) -> None:
    """S82, S86: a rival has run the next tick; async sessions and connections, each once."""
    journal = tmp_path / "journal"
    journal.touch()
    engine = create_engine(make_url(postgresql_address).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE guarded (task TEXT, due TEXT, token BIGINT)"))

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.cluster.guarding", postgresql_address]
        command += [str(journal), *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)

    def lines(kind: str) -> list[int]:
        found = [line.split("\t") for line in journal.read_text().splitlines()]
        return [int(line[1]) for line in found if line[0] == kind]

    zombie = start("wait")
    wait_for(lambda: lines("waits"))
    zombie.send_signal(signal.SIGSTOP)
    (token,) = lines("waits")
    rival = start()
    wait_for(lambda: len(lines("committed")) >= 2)
    zombie.send_signal(signal.SIGCONT)
    zombie.stdin.close()
    wait_for(lambda: lines("refused") and len(lines("async")) >= 2)
    for worker in (zombie, rival):
        worker.terminate()
    assert [worker.wait(30) for worker in (zombie, rival)] == [0, 0]
    rival.stdin.close()

    assert lines("refused") == [token]
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT task, due, token FROM guarded")).all()
    engine.dispose()
    assert token not in {row.token for row in rows if row.task == "plain"}
    assert len({(row.task, row.due) for row in rows}) == len(rows)
    assert sorted(row.token for row in rows if row.task == "plain") == sorted(lines("committed"))
