"""What a file has to be, and what happens while it cannot be used."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ostinato import SchemaError, StoreError, StoreFileError, StoreUnavailableError
from ostinato._lease import Claim, Registration, Skipped
from ostinato._outcomes import SkipReason
from ostinato.stores import _mounts, open_store
from ostinato.stores._mounts import file_system_in
from ostinato.stores.sql import _sqlite


def claim(due: int = 1_000) -> Claim:
    """Return what a worker asks for."""
    return Claim("task", "spec", due, due, due + 1)


def test_the_file_is_kept_as_readers_and_a_writer_need_it(opened, path: Path):
    """S76: a writer and its readers do not wait for each other, and nobody for ever."""
    store = opened()
    connection = store._sessions._cursor().connection

    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "busy_timeout")
    }

    assert settings == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 2_000}
    assert path.exists()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 100), "is no SQLite database"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.parent.rmdir(), "has no folder"),
    ],
)
def test_a_file_that_cannot_be_one_is_refused(make, path: Path, spoil, words: str):
    """S87: at once, with the file's name, and what to do: waiting does not mend it."""
    spoil(path)

    with pytest.raises(StoreFileError, match=words) as caught:
        make().open("default", "me", float)

    assert caught.value.path == str(path)
    assert str(path) in str(caught.value)


def test_a_file_on_a_network_is_refused(make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """S76: locks cannot be trusted there, and two workers would both win."""
    mounts = tmp_path / "mounts"
    mounts.write_text("1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /tmp rw - nfs4 host:/x rw\n")
    monkeypatch.setattr(_mounts, "_MOUNTS", mounts)
    if not tmp_path.is_relative_to("/tmp"):  # noqa: S108 - where pytest's folders are
        mounts.write_text("1 0 0:1 / / rw - nfs4 host:/ rw\n")

    with pytest.raises(StoreFileError, match="network file system"):
        make().open("default", "me", float)


def test_the_mount_of_a_folder_is_the_deepest_and_the_latest():
    """A folder lies where the kernel says last; what cannot be read is passed over."""
    mounts = (
        "1 0 0:1 / / rw - ext4 /dev/sda rw\n"
        "nonsense\n"
        "2 1 0:2 / /data rw shared:1 - nfs host:/data rw\n"
        "3 2 0:3 / /data rw - xfs /dev/sdb rw\n"
        "4 1 0:4 / /with\\040space rw - cifs //host/share rw\n"
    )

    assert file_system_in(mounts, Path("/home/me")) == "ext4"
    assert file_system_in(mounts, Path("/data/deep")) == "xfs"
    assert file_system_in(mounts, Path("/with space/deep")) == "cifs"
    assert file_system_in("", Path("/home")) is None


def test_where_there_is_no_list_of_mounts_a_file_is_accepted(
    opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Other systems than Linux do not tell."""
    monkeypatch.setattr(_mounts, "_MOUNTS", tmp_path / "missing")

    assert opened().read().rows == {}


def test_s87_a_writer_that_does_not_end_is_waited_for_no_longer_than_the_limit(
    opened, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S87: the claim fails, reading goes on, and the next claim wins."""
    monkeypatch.setattr(_sqlite, "_LIMIT", 30)
    store = opened()
    store.register([Registration("task", "spec", 1_000)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailableError, match="locked") as caught:
            store.claim([claim()], 100)

        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert store.read().rows["task"].next_due == 1_000
        other.execute("ROLLBACK")
    assert len(store.claim([claim()], 100).leases) == 1


def test_s76_a_claim_that_fails_midway_has_not_happened(opened, path: Path):
    """S76: a full disk leaves neither half a claim nor a transaction that locks others out."""
    store, other = opened(), opened("other")
    store.register([Registration("task", "spec", 1_000)])
    connection = store._sessions._cursor().connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    due, failures = 1_000, []

    for _ in range(2_000):
        try:
            leases = store.claim([claim(due)._replace(concurrency=None)], 100).leases
        except StoreError as error:
            failures.append(error)
            break
        due += len(leases)
        store._now = lambda now=due: now

    assert len(failures) == 1
    assert "full" in str(failures[0])
    row = other.read().rows["task"]
    assert row.next_due == due
    assert len(row.beside) == row.starts == due - 1_000
    other._now = lambda: due
    assert len(other.claim([claim(due)._replace(concurrency=None)], 100).leases) == 1


def test_s29_a_range_goes_on_over_no_tick_that_was_begun(opened):
    """S29: though the claim that skipped took so long that its own lease had expired by then."""
    slow, heir = opened("slow"), opened("heir")
    slow.register([Registration("task", "spec", 1_000)])
    # It looks at 1,003, and its turn to write comes at 2,000, when the heir comes as well.
    looked, heir._now = iter([1_003, 1_003]), lambda: 2_000
    slow._now = lambda: next(looked, 2_000)

    for store, first in ((slow, 1_000), (heir, 1_004)):
        passed = Skipped(first, first + 2, 3, SkipReason.OVERLAP)
        claimed = claim(first)._replace(due=first + 3, next_due=first + 4, passed=passed)
        assert len(store.claim([claimed], 100).leases) == 1

    ranges = {(run._due, str(run.outcome), run.count) for run in heir.runs("task", 10)}
    assert ranges == {(1_000, "skipped", 3), (1_003, "abandoned", 1), (1_004, "skipped", 3)}


def test_a_damaged_file_is_named_when_it_is_opened(make, opened, path: Path):
    """What is inside is no schedule any more."""
    opened().close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))

    with pytest.raises(StoreFileError, match="damaged"):
        make().open("default", "me", float)


def test_a_file_that_cannot_be_opened_is_refused(make, path: Path):
    """S87: with its name, and where it could be."""
    path.symlink_to(path.parent / "missing" / "state.db")

    with pytest.raises(StoreFileError, match="cannot be opened"):
        make().open("default", "me", float)


def test_a_file_that_cannot_be_written_is_refused(path: Path):
    """S87: nobody could claim anything."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE other (id INTEGER)")
    reader = f"file:{path}?mode=ro"
    engine = create_engine(f"sqlite:///{path}", creator=lambda: sqlite3.connect(reader, uri=True))

    with closing(open_store(engine)) as store, pytest.raises(StoreFileError, match="read-only"):
        store.open("default", "me", float)


def test_s90_newer_tables_are_refused_if_they_say_so(opened, make, path: Path):
    """S90: those that this library can still work with are not."""
    opened().close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE ostinato_meta SET schema_version = 9")
    opened().close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE ostinato_meta SET min_compatible = 8")

    with pytest.raises(SchemaError, match="upgrade ostinato") as caught:
        make().open("default", "me", float)

    assert (caught.value.found, caught.value.expected) == (9, 1)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE ostinato_meta SET min_compatible = 0, schema_version = 0")
    with pytest.raises(SchemaError, match="migrate them"):
        make().open("default", "me", float)


def test_tables_are_only_looked_at_if_they_are_somebody_else_s(make, opened):
    """With `auto_create=False` nothing is created."""
    with pytest.raises(SchemaError, match="auto_create=False") as caught:
        make(auto_create=False).open("default", "me", float)
    assert caught.value.found is None
    opened().close()

    assert opened(auto_create=False).read().rows == {}


def test_s100_tables_have_the_names_that_are_asked_for(opened, path: Path):
    """S100: of two prefixes in one file neither knows the other's tasks."""
    one, two = opened(prefix="one_"), opened(prefix="two_")

    one.register([Registration("task", "spec", 1_000)])

    assert two.read().rows == {}
    with closing(sqlite3.connect(path)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert {"one_task", "two_task", "one_meta"} <= names


def test_s74_a_forked_process_uses_no_connection_of_its_parent(opened):
    """S74: it makes its own, and its parent goes on with the old one."""
    store = opened()
    store.register([Registration("task", "spec", 1_000)])
    before = store._sessions._cursor()

    child = os.fork()
    if not child:
        is_fresh = store._sessions._cursor() is not before
        os._exit(0 if is_fresh and len(store.claim([claim()], 100).leases) == 1 else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert store._sessions._cursor() is before
    assert store.claim([claim()], 100).leases == []


def test_what_is_not_steered_is_refused(opened):
    """S100: no name of a column comes from outside."""
    store = opened()
    store.register([Registration("task", "spec", 1_000)])

    with pytest.raises(ValueError, match="are not steered"):
        store.control("task", {"token = 0; --": 1})


def test_a_statement_that_is_wrong_is_told_as_such(opened):
    """It would not be better later: a value that no column takes."""
    store = opened()

    with pytest.raises(StoreError, match="did not do it"):
        store.runs("task", object())
