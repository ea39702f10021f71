"""The scripts that make tasks and workers known, and say which declaration of a task counts."""

__all__ = ["DECLARE", "JOIN", "REGISTER", "RENAME", "SEEN"]

# Who declares a task otherwise is told all by which it is judged; `DECLARE` writes the judgement.
REGISTER = """
local task, open = unpack(KEYS)
local spec, first_due, revision = unpack(ARGV)
local known = redis.call('HGET', task, 'spec')
if not known then
  -- The token begins at the time: it rises even after everything was lost.
  redis.call('HSET', task, 'spec', spec, 'token', text(now), 'config_rev', '0', 'starts', '0',
    'failures_in_row', '0', 'takeovers', '0', 'paused', '0')
  put(task, 'next_due', first_due)
  put(task, 'anchor', first_due)
  put(task, 'revision', revision)
end
redis.call('HSET', task, 'seen_at', text(now))
local least, seen = unpack(redis.call('HMGET', task, 'revision', 'specs_seen'))
if known and known ~= spec then
  return {now, row_of(task), least or '', seen or '[]', redis.call('HVALS', open)}
end
if revision ~= '' and (not least or tonumber(least) < tonumber(revision)) then
  redis.call('HSET', task, 'revision', revision)
end
return {now, row_of(task)}
"""
# Only if the task stands as it did when it was judged.
DECLARE = """
local task = KEYS[1]
local spec, revision, specs_seen, first_due = unpack(ARGV, 1, 4)
local row = redis.call('HMGET', task, 'spec', 'config_rev', 'token', 'next_due', 'revision')
for place = 1, 5 do
  if (row[place] or '') ~= ARGV[4 + place] then return {now, 0, row_of(task)} end
end
redis.call('HSET', task, 'spec', spec, 'specs_seen', specs_seen)
redis.call('HDEL', task, 'schedule')
put(task, 'revision', revision)
put(task, 'next_due', first_due)
put(task, 'anchor', first_due)
redis.call('HINCRBY', task, 'config_rev', 1)
return {now, 1, row_of(task)}
"""
# The new keys, then the old ones, then the list of names.
RENAME = """
local names, many = KEYS[#KEYS], (#KEYS - 1) / 2
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('EXISTS', KEYS[many + 1]) == 0 then return 0 end
for number = 1, many do
  if redis.call('EXISTS', KEYS[many + number]) == 1 then
    redis.call('RENAME', KEYS[many + number], KEYS[number])
  end
end
return redis.call('SREM', names, ARGV[1])
"""
_SEE = """
local function see(workers, id, grace)
  local seen = redis.call('HGET', workers, 'seen:' .. id)
  if seen and tonumber(seen) < now - grace then
    -- It was out of touch, and watches from now on.
    redis.call('HSET', workers, 'since:' .. id, text(now))
  end
  if seen then redis.call('HSET', workers, 'seen:' .. id, text(now)) end
  return seen
end
"""
# Returns since when the worker was in touch, and what it had declared before.
JOIN = f"""
{_SEE}
local workers, id, declared = KEYS[1], ARGV[1], 'declared:' .. ARGV[1]
if not see(workers, id, ARGV[4]) then
  redis.call('HSET', workers, 'seen:' .. id, text(now), 'started:' .. id, text(now),
    'since:' .. id, text(now))
end
local before = redis.call('HGET', workers, declared) or '{{}}'
local known, many = cjson.decode(before), 0
for name, digest in pairs(cjson.decode(ARGV[3])) do known[name] = digest end
for _ in pairs(known) do many = many + 1 end
redis.call('HSET', workers, 'labels:' .. id, ARGV[2], declared, cjson.encode(known),
  'tasks:' .. id, many)
return {{now, redis.call('HGET', workers, 'since:' .. id), before}}
"""
SEEN = f"""
{_SEE}
see(KEYS[1], ARGV[1], ARGV[2])
return now
"""
