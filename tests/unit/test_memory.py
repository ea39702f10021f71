"""Where the state of a scheduler lives, and how it is shown."""

import sys

import pytest

from ostinato._memory import Memory


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
