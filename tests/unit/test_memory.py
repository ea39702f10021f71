"""Where the state of a scheduler lives, and how it is shown."""

import sys
from pathlib import Path

import pytest

from ostinato._memory import Memory
from ostinato.errors import StoreFileError


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("redis://host", "redis://host"),
        ("redis://me:secret@host:7000/2?client_name=app", "redis://host:7000/2"),
        ("rediss://:secret@host/1", "rediss://host/1"),
        ("valkey://host:6379/0?password=secret", "valkey://host:6379/0"),
        ("unix://me:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_s87_redis_is_shown_without_sqlalchemy_and_without_a_password(
    address: str, label: str, monkeypatch: pytest.MonkeyPatch
):
    """S87: who has no such database does not need it; the time is the server's."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    memory = Memory.of(address, {})

    assert memory.label == label
    assert not memory.follows_host
    assert memory.words == f"in {label}, shared by all workers that name it"


def test_s84_by_default_the_state_lives_in_the_working_directory_of_the_declaration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S84: the file is found again when the program has gone elsewhere, whatever its folder is."""
    place = tmp_path / "a?b#c %2F"
    place.mkdir()
    monkeypatch.chdir(place)

    memory = Memory.of(None, {"OSTINATO_STORE": ""})
    monkeypatch.chdir(tmp_path)

    assert not (place / ".ostinato").exists()
    store = memory.open()
    store.open("default", "me", lambda: 0.0)
    store.close()
    assert (place / ".ostinato" / "state.db").is_file()
    assert (place / ".ostinato" / ".gitignore").read_text() == "*\n"
    assert memory.file == place / ".ostinato" / "state.db"
    assert memory.words.endswith("shared by all workers that start in this directory")


def test_s84_an_argument_beats_the_variable_which_beats_the_default(tmp_path: Path):
    """S84: who says what he wants gets it."""
    named = {"OSTINATO_STORE": f"sqlite:///{tmp_path}/named.db"}

    assert Memory.of(None, named).file == tmp_path / "named.db"
    assert Memory.of("memory://", named).is_alone
    assert Memory.of("memory://", named).file is None


def test_s84_a_relative_file_stays_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S84: its path is made absolute when the scheduler is made; a URI is left alone."""
    monkeypatch.chdir(tmp_path)

    assert Memory.of("sqlite:///state.db", {}).file == tmp_path / "state.db"
    uri = "sqlite:///file:state.db?uri=true"
    assert Memory.of(uri, {}).source == uri


def test_s84_a_working_directory_that_was_deleted_is_told_of_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S84: not where the scheduler is declared, which may run nothing; and with what to do."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    memory = Memory.of(None, {})

    with pytest.raises(StoreFileError, match="start where the application may write"):
        memory.open()


@pytest.mark.parametrize("name", ["state.db", "deeper/state.db"])
def test_s84_a_file_that_is_named_in_a_directory_that_was_deleted_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S84: nobody could say where it is meant to be; with what to do."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(StoreFileError, match="name the file by its whole path") as raised:
        Memory.of(f"sqlite:///{name}", {})
    assert raised.value.path == name
    assert Memory.of(f"sqlite:///{tmp_path}/state.db", {}).file == tmp_path / "state.db"


def test_s84_a_directory_that_cannot_be_written_to_is_an_error_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S84: there is no silent way back to the memory of one process."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ostinato").write_text("a file is in the way")

    memory = Memory.of(None, {})

    with pytest.raises(StoreFileError, match=r"cannot be made .*name another store") as raised:
        memory.open()
    assert raised.value.path == str(tmp_path / ".ostinato" / "state.db")


def test_s87_a_password_in_the_query_of_an_address_is_not_shown():
    """S87: it would be in the log, in the table at the start."""
    memory = Memory.of("postgresql://db/app?user=me&password=secret&sslpassword=secret", {})

    assert "secret" not in memory.words
    assert memory.label == "postgresql://db/app?user=me"
