-- Claims of executions.
-- KEYS: generation of the claims, claim
-- ARGV: operation, holder, lease, new generation, known generation, expected time (0: unknown)
-- Returns: result, earlier open starts, takeover (0/1), generation, now
local DAY = 86400000
local operation, me, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])

local function text(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('HMGET', KEYS[1], 'id', 'born')
local id, born = known[1], tonumber(known[2])
local expected = tonumber(ARGV[6])
local jumped = id and id == ARGV[5] and expected > 0 and math.abs(now - expected) > 1000000
if not id or not born or jumped or born > now + 1000000 then
  id, born = ARGV[4], now
  redis.call('HSET', KEYS[1], 'id', id, 'born', text(born))
end
-- The store was lost, or its clock jumped: holders renew within a lease, and until then nobody takes over.
local learning = now - born < lease

local state = redis.call('HMGET', KEYS[2], 'holder', 'until', 'starts', 'decided')
local holder, ends, starts = state[1], tonumber(state[2]) or 0, tonumber(state[3]) or 0
local decided = tonumber(state[4])

local function result(name, open, takeover)
  return { name, text(open or 0), takeover and '1' or '0', id, text(now) }
end

local function hold(count)
  redis.call('HSET', KEYS[2], 'holder', me, 'until', text(now + lease), 'starts', text(count))
  redis.call('PEXPIRE', KEYS[2], text(math.max(DAY, math.ceil(lease / 500))))
end

if operation == 'claim' then
  if decided then
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
  if holder == me and not decided or not holder and not decided and learning then
    hold(math.max(starts, 1))
    return result('granted')
  end
  return result('taken')
elseif holder == me then
  redis.call('HDEL', KEYS[2], 'holder', 'until')
  if operation == 'decided' then
    redis.call('HSET', KEYS[2], 'decided', text(now))
    redis.call('PEXPIRE', KEYS[2], 600000)
  else
    redis.call('HSET', KEYS[2], 'starts', text(math.max(starts - 1, 0)))
  end
end
return result('released')
