"""What is shown of an exception's text."""

import pytest

from ostinato.dashboard._texts import Texts


def failing(_text: str) -> str:
    """Fail, as a function of the user's may."""
    raise KeyError("secret")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, None),
        ("ValueError: <b>", "ValueError: <b>"),
        ("cannot reach postgresql://me:secret@db/app", "cannot reach postgresql://me:***@db/app"),
        ("redis://:secret@cache:6379/0 is down", "redis://:***@cache:6379/0 is down"),
        ("host=db password=secret user=me", "host=db password=*** user=me"),
        ("https://api/x?api_key=secret&page=2", "https://api/x?api_key=***&page=2"),
        ("KeyError: DB_PASSWORD=hunter2 failed", "KeyError: DB_PASSWORD=*** failed"),
        ("{'password': 'a b', 'x': 1}", "{'password': ***, 'x': 1}"),
        ('{"client_secret": "a"}', '{"client_secret": ***}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("sent Bearer abcdefgh.ijk", "sent Bearer ***"),
        ("postgresql://u:a/b@c@db/app", "postgresql://u:***@db/app"),
    ],
)
def test_s98_a_password_is_not_shown(text: str | None, shown: str | None) -> None:
    """S98: The rest of the text is."""
    assert Texts().shown(text) == shown


def test_s98_at_most_2_kib_are_shown() -> None:
    """S98: Of characters that take several bytes, fewer; none is cut in the middle."""
    assert Texts().shown("x" * 9_999) == "x" * 2_048
    assert Texts().shown("x" + "é" * 9_999) == "x" + "é" * 1_023


def test_s98_a_traceback_is_shown_only_where_that_is_wanted() -> None:
    """S98: A pool of processes puts one into the message of its exceptions."""
    text = 'ValueError: no\n"""\nTraceback (most recent call last):\n  File "secret.py"'

    assert Texts().shown(text) == 'ValueError: no\n""" (the log has the traceback)'
    assert Texts(exposes_tracebacks=True).shown(text) == text


def test_s98_what_is_to_be_redacted_is_redacted() -> None:
    """S98: Before it is shortened, so that half a secret is none; if it fails, nothing is shown."""
    texts = Texts(redact=lambda text: text.replace("4111" * 4, "(card)"))

    assert texts.shown("x" * 2_045 + "4111" * 4) == "x" * 2_045 + "(ca"
    assert Texts(redact=failing).shown("secret") == "(withheld: redact raised KeyError)"
