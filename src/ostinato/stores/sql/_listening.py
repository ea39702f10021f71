"""`LISTEN`: what PostgreSQL passes on to whoever listens, for as long as the connection lasts."""

from collections.abc import Callable
from typing import Any

from ostinato.stores._bell import Bell
from ostinato.stores.sql._session import Sessions

__all__ = ["NOTIFY", "listen"]

NOTIFY = "SELECT pg_notify(%(channel)s, %(told)s)"
# In seconds: a ping that takes longer is not heard.
_LIMIT = 2.0
# In seconds: after so long without a word the server is asked whether it is there.
_SILENCE = 30.0
# What no worker's id begins with.
_PING = "?"


def listen(
    sessions: Sessions, channel: str, owner: str, heard: Callable[[], object], bell: Bell
) -> bool:
    """Call *heard* for what others than *owner* tell on *channel*, until the *bell* rings.

    Returns:
        False: nothing can be heard here, as behind a pooler that gives each transaction another
        connection.

    Raises:
        StoreError: It failed; a `StoreUnavailableError` where it may be tried later.
    """
    with sessions.apart() as (connection, cursor):
        told = list[str]()

        def note(notify: Any) -> None:
            told.append(notify.payload)

        # What comes with the answer to something else.
        connection.add_notify_handler(note)
        cursor.execute(f'LISTEN "{channel}"')
        with bell.beside(connection.pgconn.socket) as wait:
            with sessions.apart() as (_, other):
                # By another connection: a pooler may have let this one hear its own words.
                other.execute(NOTIFY, {"channel": channel, "told": _PING + owner})
            while _PING + owner not in told:
                if bell.is_rung:
                    return True
                if not wait(_LIMIT) and not bell.is_rung:
                    # Another's connection may be the one that listens: it need not.
                    cursor.execute(f'UNLISTEN "{channel}"')
                    return False
                _take(connection, told)
            # What was told before was not heard.
            heard()
            told.clear()
            while not bell.is_rung:
                if wait(_SILENCE):
                    _take(connection, told)
                elif not bell.is_rung:
                    cursor.execute("SELECT 1")
                if any(word != owner and not word.startswith(_PING) for word in told):
                    heard()
                told.clear()
            return True


def _take(connection: Any, told: list[str]) -> None:
    """Add to *told* what has arrived."""
    connection.pgconn.consume_input()
    while (notify := connection.pgconn.notifies()) is not None:
        told.append(notify.extra.decode())
