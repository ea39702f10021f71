"""Connections of the store's own: one for each thread, held, and none that was inherited."""

import os
import re
import socket
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

from redis.backoff import NoBackoff
from redis.connection import (
    Connection,
    parse_url,  # pyright: ignore[reportUnknownVariableType] - it has no types
)
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswerError
from redis.retry import Retry

from ostinato.errors import StoreError, StoreUnavailableError
from ostinato.stores._bell import Bell
from ostinato.stores.redis._lua import Scripts

__all__ = ["Link"]

# Seconds until a server that does not answer is given up.
_LIMIT = 2.0
# After so long without a word the server is asked whether it is there.
_SILENCE = 30.0
_NO_ANSWER = "the server is connected and says nothing"
_OF_POOLS = ("legacy_responses", "max_connections", "timeout")
# What a server says that may be used later: when it has loaded, or when it is the master again.
_LATER = re.compile(
    r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|READONLY|TRYAGAIN)\b"
)
# A process that was forked off neither uses nor closes what its parent has opened.
_inherited: list[object] = []


class Wire(Protocol):
    """What is used of a driver's connection."""

    def pack_commands(self, commands: Sequence[tuple[object, ...]], /) -> object:
        """Return the bytes of *commands*."""
        ...

    def send_packed_command(self, command: object, /) -> object:
        """Send those bytes."""
        ...

    def read_response(self) -> Any:
        """Return the next answer, or raise the error that it is."""
        ...

    def can_read(self) -> object:
        """Return whether there is something to read, if only its end; connect where it is not."""
        ...

    def connect(self) -> object:
        """Open it."""
        ...

    def disconnect(self) -> object:
        """Close it; it may connect again."""
        ...

    # Nothing public tells what it waits for.
    _sock: socket.socket


class Link:
    """The held connections of a store."""

    def __init__(self, address: str) -> None:
        """Connect to *address*, as redis-py reads it, by a connection for each thread.

        Raises:
            ValueError: It is none.
            TypeError: It asks for what no connection has.
        """
        parse = cast("Callable[[str], dict[str, Any]]", parse_url)
        given = {**parse(address)}
        self._make: Callable[..., Wire] = given.pop("connection_class", Connection)
        # What only a pool has, and there is none.
        for name in _OF_POOLS:
            given.pop(name, None)
        self._given: dict[str, Any] = given | {
            "decode_responses": True,
            "encoding": "utf-8",
            "encoding_errors": "strict",
            # The older protocol answers with plain lists, as the scripts do.
            "protocol": 2,
            # A call that has failed is made again by who knows whether it may be.
            "retry": Retry(NoBackoff(), 0),
            "retry_on_error": [],
            "retry_on_timeout": False,
            "socket_connect_timeout": _LIMIT,
            "socket_timeout": _LIMIT,
        }
        self.title = _title_of(address, given)
        self._make(**self._given)
        self._lock = threading.Lock()
        self._held: dict[int, Wire] = {}
        self._pid = os.getpid()

    def run(self, scripts: Scripts, commands: Sequence[tuple[object, ...]]) -> list[Any]:
        """Have *commands* run, one after another, in one round trip; return their answers.

        Raises:
            StoreError: One of them failed; a `StoreUnavailableError` where it may be tried later.
        """
        answers = self._exchange(commands)
        unknown = [at for at, each in enumerate(answers) if isinstance(each, NoScriptError)]
        if unknown:
            # The first call of each script brings it along.
            brought: set[object] = set()
            again: list[tuple[object, ...]] = []
            for at in unknown:
                _, fingerprint, *rest = commands[at]
                if fingerprint not in brought:
                    again.append(("EVAL", scripts.texts[str(fingerprint)], *rest))
                    brought.add(fingerprint)
                else:
                    again.append(commands[at])
            for at, answer in zip(unknown, self._exchange(again), strict=True):
                answers[at] = answer
        for answer in answers:
            if isinstance(answer, RedisError):
                raise self._told(answer) from answer
        return answers

    def listen(self, channel: str, owner: str, heard: Callable[[], object], bell: Bell) -> bool:
        """Call *heard* for what others than *owner* tell on *channel*, until the *bell* rings.

        Returns:
            False: the server, or the user's rights, allow it not.

        Raises:
            StoreUnavailableError: The server cannot be heard, or not any more.
        """
        connection = self._make(**self._given)
        try:
            connection.connect()
            connection.send_packed_command(connection.pack_commands([("SUBSCRIBE", channel)]))
            connection.read_response()
            # What was told before was not heard.
            heard()
            with bell.beside(connection._sock) as wait:  # noqa: SLF001 - nothing public tells
                while _is_alive(connection, wait, bell):
                    if _is_told_by_others(connection, owner):
                        heard()
            if not bell.is_rung:
                raise StoreUnavailableError(self.title, TimeoutError(_NO_ANSWER))
        except ResponseError:
            return False
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(self.title, error) from error
        else:
            return True
        finally:
            connection.disconnect()

    def close(self) -> None:
        """Close the connections of all threads."""
        self._forget_inherited()
        with self._lock:
            held, self._held = self._held, {}
        for connection in held.values():
            connection.disconnect()

    def _exchange(self, commands: Sequence[tuple[object, ...]]) -> list[Any]:
        """Send *commands* and return what each is answered, which may be an error."""
        if not commands:
            return []
        with self._translated() as connection:
            connection.send_packed_command(connection.pack_commands(commands))
            return [_answer_of(connection) for _ in commands]

    @contextmanager
    def _translated(self) -> Generator[Wire]:
        connection = self._connection()
        try:
            yield connection
        except BaseException as error:
            # Of whatever kind: an answer that nobody has read would be taken for the next one.
            self._drop()
            if isinstance(error, (RedisError, OSError)):
                raise self._told(error) from error
            raise

    def _told(self, error: Exception) -> StoreError:
        if isinstance(error, (NoConnectionError, NoAnswerError, OSError)):
            return StoreUnavailableError(self.title, error)
        if _LATER.search(str(error)):
            # Another may answer under this address next time.
            self._drop()
            return StoreUnavailableError(self.title, error)
        return StoreError(self.title, f"did not do it: {error}")

    def _connection(self) -> Wire:
        if self._pid != os.getpid():
            self._forget_inherited()
        connection = self._held.get(threading.get_ident())
        if connection is not None and _is_quiet(connection):
            return connection
        self._drop()
        connection = self._make(**self._given)
        with self._lock:
            self._held[threading.get_ident()] = connection
        return connection

    def _drop(self) -> None:
        """Let go of this thread's connection: the next call makes another."""
        with self._lock:
            held = self._held.pop(threading.get_ident(), None)
        if held is not None:
            held.disconnect()

    def _forget_inherited(self) -> None:
        if self._pid == os.getpid():
            return
        _inherited.append(self._held)
        self._pid, self._held, self._lock = os.getpid(), {}, threading.Lock()


def _is_quiet(connection: Wire) -> bool:
    """Return whether there is nothing to read, for nobody has asked: not even its end.

    The server, or what lies between, may have closed it since it was used.
    """
    try:
        return not connection.can_read()
    except (RedisError, OSError):
        return False


def _is_alive(connection: Wire, wait: Callable[[float], bool], bell: Bell) -> bool:
    """Return when there is something to read; False: the *bell* has rung, or nobody answers."""
    if wait(_SILENCE):
        return True
    if bell.is_rung:
        return False
    connection.send_packed_command(connection.pack_commands([("PING",)]))
    return wait(_LIMIT)


def _is_told_by_others(connection: Wire, owner: str) -> bool:
    """Read what has come; return whether anybody but *owner* has told of something."""
    is_told = False
    while connection.can_read():
        kind, _, *words = connection.read_response()
        is_told = is_told or (kind == "message" and words != [owner])
    return is_told


def _answer_of(connection: Wire) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _title_of(address: str, given: Mapping[str, Any]) -> str:
    """Return the *address*, made anew from what was *given* in it, without what is secret."""
    scheme = address.partition("://")[0]
    if path := given.get("path"):
        return f"{scheme}://{path}"
    host, port, database = (given.get(each) for each in ("host", "port", "db"))
    return f"{scheme}://{host or 'localhost'}:{port or 6379}/{database or 0}"
