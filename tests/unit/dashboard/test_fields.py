"""Inputs of the HTTP API: bounded, and said what is wrong with them."""

import json
from datetime import UTC, datetime

import pytest

from ostinato.dashboard._answer import Refusal
from ostinato.dashboard._fields import Field, Kind, read_body, read_query

FIELDS = [
    Field("name", "the name of the task", is_required=True),
    Field("outcome", "how it ended", is_list=True, choices=("failed", "skipped")),
    Field("limit", "how many", Kind.NUMBER, lowest=1, highest=500, default=100),
    Field("until", "when it ends", Kind.INSTANT),
    Field("dry_run", "whether only to look", Kind.FLAG, default=True),
]
NEXT = datetime(2030, 1, 31, 9, tzinfo=UTC)


def test_a_query_is_read_as_what_its_fields_say() -> None:
    """Texts become numbers, instants in UTC and flags; what is missing has its default."""
    pairs = [
        ("name", "a/b <c>"),
        ("outcome", "failed"),
        ("outcome", "skipped"),
        ("limit", "500"),
        ("until", "2030-01-31T10:00:00+01:00"),
        ("_", "unknown names are for others"),
    ]

    assert read_query(FIELDS, pairs) == {
        "name": "a/b <c>",
        "outcome": ["failed", "skipped"],
        "limit": 500,
        "until": NEXT,
        "dry_run": True,
    }


def test_a_body_is_read_as_what_its_fields_say() -> None:
    """The same from JSON, in which null is as good as missing."""
    body = {"name": "é\n☃", "until": "2030-01-31T09:00:00Z", "limit": None, "dry_run": False}

    assert read_body([*FIELDS[:1], *FIELDS[2:]], json.dumps(body).encode()) == {
        "name": "é\n☃",
        "limit": 100,
        "until": NEXT,
        "dry_run": False,
    }


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ([], "name is missing"),
        ([("name", "")], "name is empty"),
        ([("name", "a" * 201)], "name has 201 characters, and 200 are the most"),
        ([("name", "a\0b")], "name has control characters"),
        ([("name", "a"), ("name", "b")], "name is there more than once"),
        ([("name", "a"), ("outcome", "lost")], "outcome is none of failed, skipped"),
        ([("name", "a"), ("limit", "0")], "limit is not between 1 and 500"),
        ([("name", "a"), ("limit", "501")], "limit is not between 1 and 500"),
        ([("name", "a"), ("limit", "9" * 5_000)], "limit is no whole number"),
        ([("name", "a"), ("limit", "٣")], "limit is no whole number"),
        ([("name", "a"), ("dry_run", "1")], "dry_run is neither true nor false"),
        ([("name", "a"), ("until", "tomorrow")], "until is no instant"),
        ([("name", "a"), ("until", "2030-01-31T09:00:00")], "until is no instant"),
        ([("name", "a"), ("until", "0001-01-01T00:00:00+23:00")], "until is no instant"),
        (
            [("name", "a"), ("until", "2030-01-31T09:00:00." + "0" * 99 + "Z")],
            "until is no instant",
        ),
    ],
)
def test_s101_a_query_out_of_bounds_is_refused(pairs: list[tuple[str, str]], problem: str) -> None:
    """S101: What is too long, too much or no such thing is said, with the status 422."""
    refusal = read_query(FIELDS, pairs)

    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (422, "invalid")
    assert refusal.message.startswith(problem)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the body of the request is no JSON"),
        (b"\xff", "the body of the request is no JSON"),
        (b"[" * 16_000, "the body of the request is no JSON"),
        (b"1" * 16_000, "the body of the request is no JSON"),
        (b'["name"]', "the body of the request is no JSON object"),
        (b'{"name": 1}', "name is no string"),
        (b'{"name": "\\ud800"}', "name has control characters"),
        (b'{"name": "a", "no\\u0000pe": 1}', "there is no input 'no?pe'"),
        (b'{"name": "a", "limit": true}', "limit is no whole number"),
        (b'{"name": "a", "limit": 1e99}', "limit is no whole number"),
        (b'{"name": "a", "until": 0}', "until is no instant"),
        (b'{"name": "a", "dry_run": "true"}', "dry_run is neither true nor false"),
    ],
)
def test_s101_a_body_out_of_bounds_is_refused(body: bytes, problem: str) -> None:
    """S101: The same of JSON, of which nothing is taken for what it is not."""
    refusal = read_body(FIELDS, body)

    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (422, "invalid")
    assert refusal.message.startswith(problem)


def test_s101_a_body_that_is_too_long_is_not_read() -> None:
    """S101: It has a status of its own."""
    refusal = read_body(FIELDS, None)

    assert isinstance(refusal, Refusal)
    assert refusal.status == 413
