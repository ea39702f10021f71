"""The scripts that prolong leases and end runs: by the token alone."""

from ostinato.stores.redis._lua_history import HISTORY

__all__ = ["PROGRESS", "RENEW", "SETTLE"]

# Who has taken a lease has ended its run: one that is open is held.
RENEW = """
local task, open = unpack(KEYS)
local token, lease = unpack(ARGV)
local entry = redis.call('HGET', open, token)
if not entry then return {0, 0} end
local run, ends = cjson.decode(entry), text(now + lease)
if run.ends == '0' then
  redis.call('HSET', task, 'lease_until', ends)
else
  run.ends = ends
  redis.call('HSET', open, token, cjson.encode(run))
end
return {1, tonumber(run.cancel)}
"""
# What a run says of itself, while it is under way.
PROGRESS = """
local open = KEYS[2]
local token, fraction, message = unpack(ARGV)
local entry = redis.call('HGET', open, token)
if not entry then return 0 end
local run = cjson.decode(entry)
run.progress, run.message = fraction, message ~= '' and message or nil
redis.call('HSET', open, token, cjson.encode(run))
return 1
"""
# A range has no token: it may be about many that were claimed and not started. Whoever asks again
# how its run was judged asks soon.
_IS_PASSED_OVER = """
local function is_passed_over(runs, token, due, reason)
  local is_within = false
  for _, text_of_record in ipairs(redis.call('LRANGE', runs, 0, 99)) do
    local record = cjson.decode(text_of_record)
    if record.token and text(tonumber(record.token)) == token then return false end
    is_within = is_within or record.reason == reason and tonumber(record.due) <= tonumber(due)
      and tonumber(due) <= tonumber(record.last_due)
  end
  return is_within
end
"""
SETTLE = f"""
{_IS_PASSED_OVER}
local task, open, runs, told, counts = unpack(KEYS)
local token, due, key, kind, outcome, error, started, ended, record = unpack(ARGV, 1, 9)
local unstarted, moves, next_due, pauses, pause = unpack(ARGV, 10, 14)
local first, last, count, reason, expected = unpack(ARGV, 15, 19)
local entry = redis.call('HGET', open, token)
if not entry then
  local is_told = redis.call('HGET', told, key) == token
  if unstarted ~= '' then is_told = is_passed_over(runs, token, due, unstarted) end
  return {{now, is_told and 1 or 0, row_of(task)}}
end
{HISTORY}
redis.call('HDEL', open, token)
if cjson.decode(entry).ends == '0' then
  redis.call('HDEL', task, 'lease_until', 'lease_token', 'owner', 'running_due')
end
if unstarted ~= '' then
  -- It was claimed, and then not started.
  redis.call('HINCRBY', task, 'starts', -1)
  redis.call('HDEL', told, key)
  skip(due, due, 1, unstarted)
else
  redis.call('HSET', task, 'last_outcome', outcome, 'last_ran', due, 'last_kind', kind,
    'last_token', token)
  put(task, 'last_started', started)
  put(task, 'last_end', ended)
  put(task, 'last_error', error)
  local is_newest = kind ~= 'backfill'
    or tonumber(redis.call('HGET', task, 'last_success') or 0) < tonumber(due)
  if outcome == 'succeeded' and is_newest then redis.call('HSET', task, 'last_success', due) end
  if kind == 'tick' and outcome == 'succeeded' then
    redis.call('HSET', task, 'failures_in_row', '0')
  elseif kind == 'tick' and (outcome == 'failed' or outcome == 'timed_out') then
    redis.call('HINCRBY', task, 'failures_in_row', 1)
  end
  redis.call('LPUSH', runs, dated(record))
  redis.call('HSET', told, key, token)
  if kind ~= 'manual' then redis.call('HINCRBY', counts, outcome, 1) end
end
if moves == '1' and expected ~= '' and redis.call('HGET', task, 'next_due') ~= expected then
  -- Somebody has moved on under the run.
  moves, reason = '0', ''
end
if moves == '1' then put(task, 'next_due', next_due) end
if pauses == '1' then
  redis.call('HSET', task, 'paused', '1', 'paused_reason', pause)
  redis.call('HINCRBY', task, 'config_rev', 1)
end
if reason ~= '' then skip(first, last, count, reason) end
return {{now, 1, row_of(task)}}
"""
