from datetime import UTC, datetime, timedelta

import pytest

from ostinato import InvalidArgumentError
from ostinato.cli._words import distance, instant_in, plain, taken

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "now"),
        (-90, "90 s ago"),
        (600, "in 10 min"),
        (-3 * 3_600, "3 h ago"),
        (7 * 86_400, "in 7 days"),
    ],
)
def test_a_distance_is_told_in_one_unit(seconds: float, words: str):
    """The eye compares lines: no two units, no more digits than matter."""
    assert distance(NOON + timedelta(seconds=seconds), NOON) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0123, "12 ms"), (2.34, "2.3 s"), (59.6, "60 s"), (600, "10 min")]
)
def test_what_was_taken_is_told_in_one_unit(seconds: float, words: str):
    """As above."""
    assert taken(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("90m", NOON + timedelta(minutes=90)),
        ("1d12h", NOON + timedelta(hours=36)),
        ("2030-01-02T00:00Z", NOON + timedelta(hours=12)),
    ],
)
def test_an_instant_is_named_by_a_span_or_by_itself(text: str, instant: datetime):
    """From now on, or in ISO 8601."""
    assert instant_in("--until", text, NOON) == instant


def test_a_span_may_be_counted_backwards():
    """For what has been, with or without the word."""
    assert instant_in("--since", "2h", NOON, is_past=True) == NOON - timedelta(hours=2)
    assert instant_in("--since", "2h ago", NOON, is_past=True) == NOON - timedelta(hours=2)


@pytest.mark.parametrize("text", ["", "h", "2x", "2h or so", "99999999999d", "2030-01-02T00:00"])
def test_what_is_no_instant_is_refused(text: str):
    """A date without a zone is none, nor is what the calendar has no room for."""
    with pytest.raises(InvalidArgumentError):
        instant_in("--until", text, NOON)


def test_what_steers_a_terminal_is_made_visible():
    """Colours, titles and what reads right to left are in nobody's name."""
    assert plain("a\x1b[2J\x07\u202eb\n") == "a�[2J��b\n"
