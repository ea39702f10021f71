"""The store over Redis or Valkey: what each call asks of the server, and reads from its answers."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ostinato._lease import (
    LEASE_EXPIRED,
    Claim,
    Lease,
    Progress,
    Registration,
    Renewed,
    Reply,
    Settlement,
    Takeover,
    TaskRow,
)
from ostinato._run import Run
from ostinato._shown import address_of
from ostinato._tzdb import tzdb_version
from ostinato.errors import (
    ForeignSessionError,
    InvalidArgumentError,
    SchemaError,
    StoreError,
    TaskNotFoundError,
)
from ostinato.stores._declaring import GRACE, PUSHED
from ostinato.stores.redis._keys import Keys
from ostinato.stores.redis._queries import RedisQueries
from ostinato.stores.redis._records import end_of, progress_of, range_of
from ostinato.stores.redis._register import Door, register

__all__ = ["RedisStore"]

_VERSION = 1
_logger = logging.getLogger("ostinato")
_STEERED = (
    *("anchor", "failures_in_row", "next_due", "paused", "paused_reason", "paused_until"),
    "schedule",
)


# What follows a token: until when, and the row; more of them, where a dead worker's was given up.
_GRANTED = 2


class RedisStore(RedisQueries):
    """Shares a schedule through a Redis or Valkey server, by its time."""

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        """Act for the worker *owner* from now on.

        Raises:
            StoreError: The server cannot be used as it is.
        """
        self._namespace, self._owner, self._now = namespace, owner, now
        self._keys = Keys(self._head, namespace)
        self._grace, self._is_registered = GRACE, False
        self._mine = set()
        self._bell.reset()
        meta = self._keys.meta
        begin = [("HSETNX", meta, each, _VERSION) for each in ("schema_version", "min_compatible")]
        *_, (found, least) = self._run(
            [*begin, ("HMGET", meta, "schema_version", "min_compatible")]
        )
        if int(least) > _VERSION:
            raise SchemaError(self._link.title, found=int(found), expected=_VERSION)
        self._warn_of_eviction()

    def register(self, tasks: Sequence[Registration], /) -> Reply:
        """Make known the worker's *tasks*; those that are known keep what they stand at.

        Raises:
            StoreError: The server did not do it.
        """
        self._grace = min([self._grace, *(task.grace for task in tasks)])
        self._is_registered = True
        self._mine.update(task.name for task in tasks)
        door = Door(self._run, self._scripts, self._keys, self._namespace, self._owner, self._push)
        return register(door, tasks, self._grace)

    def claim(
        self, claims: Sequence[Claim | Takeover], lease: int, ended: Sequence[Settlement] = (), /
    ) -> Reply:
        """Take the leases that can be had, once what has *ended* is settled.

        Raises:
            StoreError: The server did not do it, or the reply was lost: read before deciding.
        """
        if ended:
            self.settle(ended)
        if not claims:
            return self.read([])
        answers = self._run([self._asked(claim, lease) for claim in claims])
        leases: list[Lease] = []
        rows: dict[str, TaskRow] = {}
        for claim, (_, token, *rest) in zip(claims, answers, strict=True):
            row = self._row(claim.name, rest[1]) if rest else None
            if row is None:
                # Nobody has registered it, or the server has lost it: the caller registers again.
                continue
            rows[claim.name] = row
            if len(rest) > _GRANTED:
                until, _, owner, due = rest
                leases.append(Lease(claim.name, due, token, until, owner))
            elif token:
                due = claim.due if isinstance(claim, Claim) else row.held and row.held.due
                leases.append(Lease(claim.name, due or 0, token, rest[0], self._owner))
        return Reply(answers[0][0], leases, rows)

    def renew(
        self, held: Sequence[tuple[str, int]], lease: int, told: Sequence[Progress] = (), /
    ) -> Renewed:
        """Prolong the leases of those *held* that nobody has taken since.

        Raises:
            StoreError: The server did not do it.
        """
        prolonged = [
            self._scripts.call("renew", self._keys.of(name)[:2], token, lease)
            for name, token in held
        ]
        said = [
            self._scripts.call("progress", self._keys.of(each.name)[:2], *progress_of(each))
            for each in told
        ]
        answers = self._run([*prolonged, *said, self._seen()])
        found = list(zip(held, answers, strict=False))
        return Renewed(
            (pair for pair, (is_kept, _) in found if is_kept),
            (pair for pair, (is_kept, is_wanted) in found if is_kept and is_wanted),
        )

    def settle(self, settlements: Sequence[Settlement], /) -> list[TaskRow | None]:
        """Record how runs ended.

        Raises:
            StoreError: The server did not do it, or the reply was lost: ask again.
        """
        told = [self._told(settlement) for settlement in settlements]
        if any(settlement.pause is not None for settlement in settlements):
            told.append(("INCR", self._keys.steered))
        answers = self._run(told)[: len(settlements)]
        if len(told) > len(settlements):
            self._push()
        return [
            self._row(settlement.run.task_name, values) if is_held else None
            for settlement, (_, is_held, values) in zip(settlements, answers, strict=True)
        ]

    def control(self, name: str, changes: Mapping[str, object], /) -> TaskRow:
        """Write what steers the task *name*.

        Raises:
            StoreError: The server did not do it.
            InvalidArgumentError: Something else was to be written.
            TaskNotFoundError: There is no such task.
        """
        written = {**changes}
        cancelled, expected = written.pop("cancel_requested", None), written.pop("expected", None)
        if strange := written.keys() - _STEERED:
            raise InvalidArgumentError(
                "changes", sorted(strange), "are not steered", f"pass some of {sorted(_STEERED)}"
            )
        if "paused" in written:
            written["paused"] = int(bool(written["paused"]))
        some = {field: value for field, value in written.items() if value is not None}
        told = (int("expected" in changes), expected, cancelled, len(some))
        pairs = (each for pair in some.items() for each in pair)
        call = self._scripts.call(
            "control",
            self._keys.of(name)[:2],
            *(*told, *pairs, *(written.keys() - some.keys())),
        )
        ((_, is_written, values),) = self._run([call])
        if is_written:
            # It lies on another node than the task, where no script reaches both.
            self._run([("INCR", self._keys.steered)])
            if cancelled is not None or not PUSHED.isdisjoint(written):
                self._push()
        row = self._row(name, values)
        if row is None:
            raise TaskNotFoundError(name, None)
        row.was_steered = bool(is_written)
        return row

    def poll(self) -> int:
        """Return a number that is another one once any task was steered.

        Raises:
            StoreError: The server did not tell.
        """
        number, _ = self._run([("GET", self._keys.steered), self._seen()])
        return int(number or 0)

    def subscribe(self, heard: Callable[[], object], /) -> bool:
        """Call *heard* whenever another worker steers a task, on a connection of its own.

        Raises:
            StoreError: The server cannot be heard, or not any more.
        """
        return self._link.listen(self._keys.steered, self._owner, heard, self._bell)

    def unsubscribe(self) -> None:
        """Let `subscribe` return at once."""
        self._bell.ring()

    def guard(self, run: Run, session: object, /, *, concurrency: int | None = 1) -> None:
        """Refuse: no transaction is one with what Redis holds.

        Raises:
            ForeignSessionError: Always.
        """
        del run, concurrency
        raise ForeignSessionError(self._link.title, address_of(session))

    def close(self) -> None:
        """Let others go on with its tasks at once, and close all connections."""
        self.unsubscribe()
        if self._is_registered:
            self._is_registered = False
            # What cannot be said now shows by itself before long.
            with suppress(StoreError):
                self._run([("HDEL", self._keys.workers, f"declared:{self._owner}")])
        self._link.close()

    def _push(self) -> None:
        """Tell other workers at once that a task was steered."""
        # What is not told is looked for before long; not everybody may publish.
        with suppress(StoreError):
            self._run([("PUBLISH", self._keys.steered, self._owner)])

    def _seen(self) -> tuple[object, ...]:
        return self._scripts.call("seen", (self._keys.workers,), self._owner, self._grace)

    def _asked(self, claim: Claim | Takeover, lease: int) -> tuple[object, ...]:
        keys = self._keys.of(claim.name)
        if isinstance(claim, Takeover):
            told = (self._owner, lease, claim.spec, claim.token, int(claim.reruns), LEASE_EXPIRED)
            return self._scripts.call("take_over", keys, *told)
        _, spec, expected, due, next_due, passed, most, kind, run_id, concurrency, reruns = claim
        return self._scripts.call(
            "claim",
            keys,
            *(self._owner, lease, spec, expected, due, next_due, kind.value, run_id),
            *(concurrency, most, LEASE_EXPIRED, *range_of(passed), int(reruns), tzdb_version()),
        )

    def _told(self, settlement: Settlement) -> tuple[object, ...]:
        run, moves, next_due, passed, pause, _, expected = settlement
        return self._scripts.call(
            "settle",
            self._keys.of(run.task_name),
            *(*end_of(run, self._owner), int(moves), next_due, int(pause is not None), pause),
            *(*range_of(passed), expected),
        )

    def _warn_of_eviction(self) -> None:
        """Say so where the server may throw rows away: their ticks could be run again."""
        try:
            (told,) = self._run([("INFO", "memory")])
        except StoreError:
            # Who may not ask is not told; whether the server can be used was found out before.
            return
        facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
        policy = facts.get("maxmemory_policy", "")
        if policy.startswith("allkeys"):
            _logger.warning(
                "%s drops any key when its memory is full (maxmemory-policy %s), and with it what "
                "was run already; set noeviction or a volatile policy",
                self._link.title,
                policy,
                extra={"ostinato_event": "ostinato.store_forgetful", "eviction_policy": policy},
            )
