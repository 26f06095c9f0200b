-- Claims of executions.
-- KEYS: generation of the claims, claim, [claim of the task]
-- ARGV: operation, holder, lease, new generation, known generation, expected time (0: unknown), execution,
--       how much later the caller gives up (-1: it has seen that the clock jumped)
-- Returns: result (`late` if the caller of a claim gave up), earlier open starts, takeover (0/1), generation, now
local DAY = 86400000
local operation, me, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])

local function text(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('HMGET', KEYS[1], 'id', 'born')
local id, born = known[1], tonumber(known[2])
local expected, patience = tonumber(ARGV[6]), tonumber(ARGV[8])
local off = id and id == ARGV[5] and expected > 0 and now - expected or 0
if operation == 'claim' and patience >= 0 and off > patience + 1000000 then
  -- The server was paused, and the caller no longer waits. If it does, the clock has jumped.
  return { 'late', '0', '0', id, string.format('%.0f', expected) }
end
local jumped = off < -1000000 or patience < 0 and off > 1000000
if not id or not born or jumped or born > now + 1000000 then
  id, born = ARGV[4], now
  redis.call('HSET', KEYS[1], 'id', id, 'born', text(born))
end
-- The store was lost, or its clock jumped: holders renew within a lease, and until then no claim is granted.
local learning = now - born < lease

local state = redis.call('HMGET', KEYS[2], 'holder', 'until', 'starts', 'decided')
local holder, ends, starts = state[1], tonumber(state[2]) or 0, tonumber(state[3]) or 0
local decided = tonumber(state[4])

local function result(name, open, takeover)
  return { name, text(open or 0), takeover and '1' or '0', id, text(now) }
end

-- Whether another execution of the task is claimed.
local function task_is_taken()
  if not KEYS[3] then
    return false
  end
  local task = redis.call('HMGET', KEYS[3], 'holder', 'execution', 'until')
  return task[1] and (task[1] ~= me or task[2] ~= ARGV[7]) and (tonumber(task[3]) or 0) > now
end

local function hold(count)
  redis.call('HSET', KEYS[2], 'holder', me, 'until', text(now + lease), 'starts', text(count))
  redis.call('PEXPIRE', KEYS[2], text(math.max(DAY, math.ceil(lease / 500))))
  if KEYS[3] then
    redis.call('HSET', KEYS[3], 'holder', me, 'execution', ARGV[7], 'until', text(now + lease))
    redis.call('PEXPIRE', KEYS[3], text(math.ceil(lease / 500)))
  end
end

if operation == 'claim' then
  if decided or task_is_taken() then
    return result('taken')
  end
  if holder == me then
    -- The response to an earlier claim was lost.
    hold(math.max(starts, 1))
    return result('granted', math.max(starts, 1) - 1)
  end
  if learning or holder and ends > now then
    return result('taken')
  end
  hold(starts + 1)
  return result('granted', starts, holder)
elseif operation == 'renew' then
  if not decided and not task_is_taken() and (holder == me or not holder and learning) then
    hold(math.max(starts, 1))
    return result('granted')
  end
  return result('taken')
elseif holder == me then
  redis.call('HDEL', KEYS[2], 'holder', 'until')
  if KEYS[3] and not task_is_taken() then
    redis.call('DEL', KEYS[3])
  end
  if operation == 'decided' then
    redis.call('HSET', KEYS[2], 'decided', text(now))
    redis.call('PEXPIRE', KEYS[2], 600000)
  else
    redis.call('HSET', KEYS[2], 'starts', text(math.max(starts - 1, 0)))
  end
end
return result('released')
