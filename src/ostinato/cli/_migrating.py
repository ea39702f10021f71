"""`migrate`: make the tables of a store, or print the statements that do."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ostinato._memory import Memory
from ostinato.cli._options import AppOption, AsJson, found_here, named_app
from ostinato.cli._printing import console, print_json, styled
from ostinato.errors import InvalidArgumentError, SchemaError
from ostinato.stores import ddl
from ostinato.stores._open import REDIS_SCHEMES

if TYPE_CHECKING:
    from ostinato.protocols import SharedStore

__all__ = ["migrate"]


def migrate(
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="ADDRESS", help="Its address; else the application's."),
    ] = None,
    app: AppOption = None,
    as_json: AsJson = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements, and connect to nothing.")
    ] = False,
) -> None:
    """Make the tables of a store, which are of this version then; asked again, nothing is done."""
    memory = _memory(store, app)
    if memory.is_alone:
        remedy = "name one that is shared, such as --store postgresql://app@database/app"
        raise InvalidArgumentError("store", "memory://", "has nothing to make", remedy)
    if sql and memory.label.partition(":")[0] in REDIS_SCHEMES:
        remedy = "leave out --sql: it needs no migration"
        raise InvalidArgumentError("store", memory.label, "has no tables", remedy)
    if sql:
        # Only the kind of its database matters, and nothing is connected to.
        statements = ddl(memory._url.render_as_string(hide_password=False))
        if as_json:
            print_json(statements)
        else:
            sys.stdout.write("".join(f"{each};\n\n" for each in statements))
        return
    is_new = _make(memory)
    if as_json:
        print_json({"store": memory.label, "is_new": is_new})
        return
    words = "has its tables now" if is_new else "had its tables, of this version"
    console().print(styled(f"{memory.label} {words}"), soft_wrap=True)


def _memory(store: str | None, app: str | None) -> Memory:
    if store is None and (app or named_app.get()):
        return found_here(app).scheduler._memory
    return Memory.of(store, os.environ)


def _make(memory: Memory) -> bool:
    """See to it that the tables are there; return whether they were not.

    Raises:
        SchemaError: They are of a version that does not go with this library.
        StoreError: The store does not answer, or does not do it.
    """
    try:
        _open(replace(memory, auto_create=False))
    except SchemaError as error:
        if error.found is not None:
            raise
        _open(replace(memory, auto_create=True))
        return True
    return False


def _open(memory: Memory) -> None:
    opened: SharedStore = memory.open()
    opened.open("default", "migrate", float)
    opened.close()
