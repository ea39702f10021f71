"""Which release of the time zone database there is."""

from pathlib import Path
from zoneinfo import TZPATH

import pytest

from ostinato._tzdb import tzdb_in, tzdb_version


@pytest.mark.parametrize(
    ("name", "text", "release"),
    [
        ("tzdata.zi", "# version 2025b\n# ddeps", "2025b"),
        ("+VERSION", "2024a\n", "2024a"),
        ("tzdata.zi", "R d 1916 o\n", None),
        ("+VERSION", "", None),
        ("leapseconds", "2025b", None),
    ],
)
def test_s44_the_release_stands_where_the_system_has_it(
    name: str, text: str, release: str | None, tmp_path: Path
):
    """S44: at the head of the rules, or in a file of its own; or nobody tells."""
    (tmp_path / name).write_text(text)

    assert tzdb_in(tmp_path) == release


def test_s44_the_release_is_that_of_the_zones_that_are_read():
    """S44: those of the system, where it has any."""
    system = [Path(folder) for folder in TZPATH if Path(folder, "Etc", "UTC").exists()]
    if system:
        assert tzdb_version() == tzdb_in(system[0])
    else:
        assert tzdb_version() is not None


def test_s44_zones_that_may_not_be_looked_for_are_not_there(monkeypatch: pytest.MonkeyPatch):
    """S44: a name that is too long stands for a folder without rights: root has them all."""
    monkeypatch.setattr("ostinato._tzdb.TZPATH", ("/" + "x" * 300,))

    told = tzdb_version.__wrapped__()

    assert told is None or told[:2] == "20"
