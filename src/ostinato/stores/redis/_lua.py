"""The scripts, each of which the server runs as a whole: nobody comes in between.

Numbers are kept as text, and written by `text`: Lua's own way spoils those of 15 digits and more.
A condition has a name, so that the tests can leave out one at a time and see the contract fail.
"""

import hashlib
import re
from collections.abc import Collection, Mapping

from ostinato.stores.redis._lua_history import HISTORY, PRUNE, RECORD, TIDY
from ostinato.stores.redis._lua_register import DECLARE, JOIN, REGISTER, RENAME, SEEN
from ostinato.stores.redis._lua_settle import PROGRESS, RENEW, SETTLE

__all__ = ["CONDITIONS", "FIELDS", "SERVER_TIME", "Scripts"]

# Of a task's row, in the order in which replies have them.
FIELDS = (
    *("spec", "next_due", "anchor", "schedule", "paused", "paused_reason", "paused_until"),
    *("config_rev", "token", "starts", "last_due", "last_success", "failures_in_row", "takeovers"),
    *("lease_until", "lease_token", "owner", "running_due"),
    *("last_outcome", "last_ran", "last_kind", "last_token", "last_started", "last_end"),
    *("last_error", "seen_at"),
)
SERVER_TIME = """(function()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end)()"""
_BEGIN = """
local now = {now}
local function text(number) return string.format('%.0f', number) end
-- In one piece: the driver reads one long text faster than many short ones.
local function row_of(task) return cjson.encode(redis.call('HMGET', task, {fields})) end
local function put(task, field, value)
  if value ~= '' then return redis.call('HSET', task, field, value) end
  return redis.call('HDEL', task, field)
end
"""
_NOW = "return now"
_CLAIM = f"""
local task, open, runs, told, counts = unpack(KEYS)
local owner, lease, spec, expected, due, next_due, kind, run_id = unpack(ARGV, 1, 8)
local concurrency, most, expired, first, last, count, reason, reruns = unpack(ARGV, 9, 16)
local tzdb = ARGV[17]
local row = redis.call('HMGET', task, 'spec', 'next_due', 'paused', 'starts', 'lease_until',
  'last_due')
if not row[1] then return {{now, 0}} end
local held_until = tonumber(row[5] or 0)
local is_tick, is_alone, is_run = kind == 'tick', concurrency == '1', due ~= ''
local is_start = is_tick and is_run
local live, dead = 0, {{}}
for _, entry in ipairs(redis.call('HVALS', open)) do
  local run = cjson.decode(entry)
  local ends = tonumber(run.ends)
  if ends > now then
    live = live + 1
  elseif is_run and (is_alone or ends > 0) then
    -- Beside others, the lease of the task is left to who comes for it.
    dead[#dead + 1] = run
  end
end
local function has_room()
  return concurrency == '' or (held_until > now and 1 or 0) + live < tonumber(concurrency)
end
local is_granted = true
  and row[1] == spec -- if: spec
  and (not is_tick or row[2] == expected) -- if: expected
  and (not is_tick or tonumber(row[2] or math.huge) <= now) -- if: expected is past
  and (not is_start or tonumber(due) <= now) -- if: due is past
  and (not is_start or row[3] ~= '1') -- if: not paused
  and (not is_start or most == '' or tonumber(row[4]) < tonumber(most)) -- if: starts are left
  and (not (is_run and is_alone) or held_until <= now) -- if: lease is free
  and (not (is_run and reruns == '1') or not row[5]) -- if: lease was given back
  and (not (is_run and is_alone) or live == 0) -- if: nobody beside
  and (not is_run or is_alone or has_room()) -- if: room beside
if not is_granted then return {{now, 0, 0, row_of(task)}} end
{HISTORY}
table.sort(dead, function(one, other) return tonumber(one.token) < tonumber(other.token) end)
for _, run in ipairs(dead) do abandon(run, expired) end
if reason ~= '' then skip(first, last, count, reason) end
if is_tick then put(task, 'next_due', next_due) end
if not is_run then return {{now, 0, 0, row_of(task)}} end
local number = '0'
if not is_tick then
  number = text(redis.call('HGET', task, 'token') + 1)
elseif redis.call('HSETNX', told, due .. ':0', '') == 0 then
  skip(due, due, 1, 'already_run')
  -- What was abandoned had the lease.
  if is_alone then
    redis.call('HDEL', task, 'lease_until', 'lease_token', 'owner', 'running_due')
  end
  return {{now, 0, 0, row_of(task)}}
end
local token, ends = redis.call('HINCRBY', task, 'token', 1), text(now + lease)
if is_alone then
  redis.call('HSET', task, 'lease_until', ends, 'lease_token', text(token), 'owner', owner,
    'running_due', due, 'takeovers', '0')
end
if is_tick then
  redis.call('HINCRBY', task, 'starts', 1)
  if tonumber(row[6] or 0) < tonumber(due) then redis.call('HSET', task, 'last_due', due) end
end
redis.call('HSET', open, text(token), cjson.encode({{due = due, kind = kind, id = run_id,
  token = text(token), owner = owner, ends = is_alone and '0' or ends, started = text(now),
  key = due .. ':' .. number, cancel = '0', tzdb = tzdb}}))
return {{now, token, now + lease, row_of(task)}}
"""
_TAKE_OVER = f"""
local task, open, runs, told, counts = unpack(KEYS)
local owner, lease, spec, taken, reruns, expired = unpack(ARGV)
local row = redis.call('HMGET', task, 'spec', 'paused', 'lease_until', 'lease_token', 'running_due')
if not row[1] then return {{now, 0}} end
local entry = redis.call('HGET', open, taken)
local run = entry and cjson.decode(entry) or {{}}
if reruns == '0' then
  local is_over = run.ends == '0'
    and tonumber(row[3]) <= now -- if: the lease of who is given up has expired
  if is_over then
{HISTORY}
    abandon(run, expired)
    redis.call('HDEL', task, 'lease_until', 'lease_token', 'owner', 'running_due')
    redis.call('HINCRBY', task, 'token', 1)
    return {{now, tonumber(taken), tonumber(row[3]), row_of(task), run.owner, tonumber(run.due)}}
  end
  return {{now, 0, 0, row_of(task)}}
end
local is_granted = run.ends == '0' and row[4] == taken
  and row[1] == spec -- if: the heir's spec
  and row[2] ~= '1' -- if: not paused for the heir
  and tonumber(row[3]) <= now -- if: the lease has expired
  -- What was started by hand is no tick, and not started again.
  and run.kind == 'tick' -- if: a tick
if not is_granted then return {{now, 0, 0, row_of(task)}} end
local token = redis.call('HINCRBY', task, 'token', 1)
redis.call('HINCRBY', task, 'takeovers', 1)
run.token, run.owner, run.cancel = text(token), owner, '0'
redis.call('HSET', task, 'owner', owner, 'lease_token', run.token, 'lease_until', text(now + lease))
redis.call('HDEL', open, taken)
redis.call('HSET', open, run.token, cjson.encode(run))
return {{now, token, now + lease, row_of(task)}}
"""
_STILL_HERE = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'seen_at', text(now))
end
return now
"""
_READ = "return {now, row_of(KEYS[1]), redis.call('HVALS', KEYS[2])}"
# Whether an instant is expected, which, which run is to end, how many fields follow with their
# values; then those that are to hold none.
_CONTROL = """
local task, open = unpack(KEYS)
local is_expecting, expected, cancelled, many = unpack(ARGV, 1, 4)
local row = redis.call('HMGET', task, 'spec', 'next_due')
if not row[1] then return {now, 0, row_of(task)} end
local is_as_expected = true
  and (is_expecting == '0' or (row[2] or '') == expected) -- if: as expected by who steers
if not is_as_expected then return {now, 0, row_of(task)} end
local entry = redis.call('HGET', open, cancelled)
if entry then
  local run = cjson.decode(entry)
  run.cancel = '1'
  redis.call('HSET', open, cancelled, cjson.encode(run))
end
for place = 5, 4 + 2 * many, 2 do redis.call('HSET', task, ARGV[place], ARGV[place + 1]) end
for place = 5 + 2 * many, #ARGV do redis.call('HDEL', task, ARGV[place]) end
redis.call('HINCRBY', task, 'config_rev', 1)
return {now, 1, row_of(task)}
"""
_TEXTS: Mapping[str, str] = {
    "claim": _CLAIM,
    "control": _CONTROL,
    "declare": DECLARE,
    "join": JOIN,
    "now": _NOW,
    "progress": PROGRESS,
    "prune": PRUNE,
    "read": _READ,
    "record": RECORD,
    "register": REGISTER,
    "rename": RENAME,
    "renew": RENEW,
    "seen": SEEN,
    "settle": SETTLE,
    "still_here": _STILL_HERE,
    "take_over": _TAKE_OVER,
    "tidy": TIDY,
}
_CONDITION = re.compile(r"^.* -- if: (.+)$", re.MULTILINE)
CONDITIONS = tuple(name for text in _TEXTS.values() for name in _CONDITION.findall(text))


class Scripts:
    """What the server is asked to run, by its fingerprint."""

    def __init__(self, without: Collection[str] = (), now: str = SERVER_TIME) -> None:
        """Spell every script.

        Args:
            without: The conditions that are left out, to see that each is needed.
            now: How the time is read.
        """
        fields = ", ".join(f"'{field}'" for field in FIELDS)
        begin = _BEGIN.replace("{now}", now).replace("{fields}", fields)
        self._fingerprints: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        for name, text in _TEXTS.items():
            whole = begin + _CONDITION.sub(lambda line: "" if line[1] in without else line[0], text)
            fingerprint = hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest()
            self._fingerprints[name] = fingerprint
            self.texts[fingerprint] = whole

    def call(self, name: str, keys: tuple[str, ...], *arguments: object) -> tuple[object, ...]:
        """Return the command that runs the script *name*."""
        told = ("" if each is None else each for each in arguments)
        return ("EVALSHA", self._fingerprints[name], len(keys), *keys, *told)
