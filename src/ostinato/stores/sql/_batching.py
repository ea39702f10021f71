"""One statement for many: what differs from one to the next comes as a table of its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

__all__ = ["PLURALS", "Placed", "in_places", "joined", "listed", "placed", "unnested"]

# What differs from claim to claim, or from end to end, and of which type it is.
_TYPES = {
    "attempts": "int",
    "before": "bigint",
    "due": "bigint",
    "ended": "bigint",
    "error": "text",
    "expected": "bigint",
    "kind": "text",
    "lateness": "bigint",
    "max_runs": "bigint",
    "message": "text",
    "moves": "int",
    "name": "text",
    "next_due": "bigint",
    "number": "bigint",
    "outcome": "text",
    "progress": "float8",
    "spec": "text",
    "started": "bigint",
    "token": "bigint",
}
_OF_EACH = re.compile(rf"(?<!:):({'|'.join(_TYPES)})\b")
PLURALS = {each: f"{each}_of_each" for each in _TYPES}
# A statement, and what gives the values of its parameters in their order.
Placed = tuple[str, Callable[[Any], Any]]
_ANY = re.compile(r"(?<!:):(\w+)")


def joined(statement: str) -> str:
    """Return *statement* with what differs taken from the columns of a table, `want`."""
    return _OF_EACH.sub(r"w_\1", statement)


def unnested(columns: Sequence[str]) -> str:
    """Return that table, of *columns*, made of a list for each; as PostgreSQL has it."""
    lists = ", ".join(f":{PLURALS[each]}::{_TYPES[each]}[]" for each in columns)
    names = ", ".join(f"w_{each}" for each in columns)
    return f"SELECT * FROM unnest({lists}) AS w ({names})"


def listed(
    columns: Sequence[str], values: Sequence[Mapping[str, object]]
) -> tuple[str, dict[str, object]]:
    """Return the same made of a row for each of *values*, and its parameters; as MySQL has it."""
    given: dict[str, object] = {}
    rows: list[str] = []
    for number, value in enumerate(values):
        for each in columns:
            given[f"{each}_{number}"] = value[each]
        rows.append("SELECT " + ", ".join(f":{each}_{number} AS w_{each}" for each in columns))
    return " UNION ALL ".join(rows), given


def in_places(statement: str) -> str:
    """Return *statement* with its parameters by place."""
    return _ANY.sub("?", statement)


def placed(statement: str, keys: Mapping[str, object]) -> Placed:
    """Return *statement* with its parameters by place, to which SQLite binds sooner than to names.

    Args:
        statement: With parameters by name, two of them at the least.
        keys: Where the value of each is found in what holds them all.
    """
    return in_places(statement), itemgetter(*(keys[each] for each in _ANY.findall(statement)))
