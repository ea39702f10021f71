"""The part of the scripts that remembers what has ended."""

__all__ = ["HISTORY", "PRUNE", "RECORD", "TIDY"]

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
  local since = is_longer and (range.recorded or range.last_due) or text(now)
  local record = string.format(
    '{"reason":"%s","due":"%s","last_due":"%s","count":"%s","recorded":"%s"}',
    reason, begin, last, total, since)
  if is_longer then redis.call('LSET', runs, 0, record) else redis.call('LPUSH', runs, record) end
end
local function dated(record)
  return string.sub(record, 1, -2) .. ',"recorded":"' .. text(now) .. '"}'
end
-- A moment before what its successor skips and does: that is the order in which they are listed.
local function abandon(run, expired)
  redis.call('HDEL', open, run.token)
  redis.call('LPUSH', runs, cjson.encode({due = run.due, kind = run.kind, run_id = run.id,
    token = run.token, started = run.started, outcome = 'abandoned', error = expired,
    owner = run.owner, tzdb = run.tzdb, key = run.key, tie = run.token, recorded = text(now - 1)}))
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
  redis.call('LPUSH', runs, dated(record))
  if kind ~= 'manual' then redis.call('HINCRBY', counts, outcome, 1) end
end
return now
"""
# No more at once than is read in a moment: nobody else is served meanwhile.
PRUNE = """
local runs, told, failed = unpack(KEYS)
local keep, most, failures = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = ARGV[4] ~= '' and now - ARGV[4] or -math.huge
local forgotten, looked = 0, 0
local function forget(record)
  if record.key then redis.call('HDEL', told, record.key) end
  forgotten = forgotten + 1
end
local function is_failure(record)
  local outcome = record.outcome
  return outcome == 'failed' or outcome == 'timed_out' or outcome == 'abandoned'
end
while redis.call('LLEN', runs) > keep and looked < most do
  local text = redis.call('RPOP', runs)
  local record = cjson.decode(text)
  if is_failure(record) then redis.call('LPUSH', failed, text) else forget(record) end
  looked = looked + 1
end
while redis.call('LLEN', failed) > failures and looked < most do
  forget(cjson.decode(redis.call('RPOP', failed)))
  looked = looked + 1
end
for _, records in ipairs({failed, runs}) do
  while looked < most do
    local text = redis.call('LINDEX', records, -1)
    if not text then break end
    local record = cjson.decode(text)
    if tonumber(record.ended or record.last_due or record.due) >= oldest then break end
    redis.call('RPOP', records)
    forget(record)
    looked = looked + 1
  end
end
return {forgotten, looked}
"""
# Of workers that were not seen for some time nothing is kept.
TIDY = """
local fields = redis.call('HGETALL', KEYS[1])
for place = 1, #fields, 2 do
  local id = string.match(fields[place], '^seen:(.*)$')
  if id and tonumber(fields[place + 1]) < now - ARGV[1] then
    for _, each in ipairs({'seen', 'started', 'since', 'labels', 'declared', 'tasks'}) do
      redis.call('HDEL', KEYS[1], each .. ':' .. id)
    end
  end
end
return now
"""
