"""The part of the scripts that remembers what has ended."""

__all__ = ["HISTORY", "PRUNE", "RECORD"]

# For scripts in which the keys are called `task`, `open`, `runs` and `counts`.
HISTORY = """
local function skip(first, last, count, reason)
  redis.call('HINCRBY', counts, 'skipped(' .. reason .. ')', count)
  local latest = redis.call('LINDEX', runs, 0)
  local range = latest and cjson.decode(latest) or {}
  -- It lengthens a range of the same kind just before it.
  local is_longer = range.reason == reason
  local begin = is_longer and range.due or first
  local total = is_longer and text(range.count + count) or count
  local record = string.format('{"reason":"%s","due":"%s","last_due":"%s","count":"%s"}',
    reason, begin, last, total)
  if is_longer then redis.call('LSET', runs, 0, record) else redis.call('LPUSH', runs, record) end
end
local function abandon(run, expired)
  redis.call('HDEL', open, run.token)
  redis.call('LPUSH', runs, cjson.encode({due = run.due, kind = run.kind, run_id = run.id,
    token = run.token, started = run.started, outcome = 'abandoned', error = expired,
    key = run.key}))
  redis.call('HSET', task, 'last_outcome', 'abandoned', 'last_ran', run.due, 'last_kind', run.kind,
    'last_token', run.token, 'last_started', run.started, 'last_error', expired)
  redis.call('HDEL', task, 'last_end')
  if run.kind ~= 'manual' then redis.call('HINCRBY', counts, 'abandoned', 1) end
end
"""
RECORD = f"""
local task, open, runs, told, counts = unpack(KEYS)
local key, token, kind, outcome, record, first, last, count, reason = unpack(ARGV)
{HISTORY}
if reason ~= '' then
  skip(first, last, count, reason)
elseif redis.call('HSETNX', told, key, token) == 1 then
  redis.call('LPUSH', runs, record)
  if kind ~= 'manual' then redis.call('HINCRBY', counts, outcome, 1) end
end
return now
"""
# No more at once than is read in a moment: nobody else is served meanwhile.
PRUNE = """
local runs, told = unpack(KEYS)
local keep, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local many = math.min(redis.call('LLEN', runs) - keep, most)
if many <= 0 then return 0 end
for _, record in ipairs(redis.call('LRANGE', runs, -many, -1)) do
  local key = cjson.decode(record).key
  if key then redis.call('HDEL', told, key) end
end
redis.call('LTRIM', runs, 0, -(many + 1))
return many
"""
