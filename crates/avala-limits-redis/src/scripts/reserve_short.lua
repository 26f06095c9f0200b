-- The short way of `reserve.lua`: one call that has nothing to report. Returns `g<wait>`, `s<wait>` or `r<wait>` as that
-- does, `y0` if the call has its tokens and a permit for now, `f` if no permit is free, and `?` if anything is not as
-- expected; then `reserve.lua` decides. Tokens change only with `g`, `s` and `y`, permits only with `y` and `f`.
--
-- KEYS: limits of the account, [permits of the group]
-- ARGV: known generation, expected time, longest wait, field and terms (rate, burst, closings) of the user's limit and of
--       the scope's (both empty with a permit and without a scope), [permits of the group, permit id, lease, learning time, released permits...]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local permits, scope = KEYS[2], ARGV[6] and ARGV[6] ~= ''
local known
if permits then
  known = redis.call('HMGET', KEYS[1], 'id', ARGV[4], ARGV[6], permits)
elseif scope then
  known = redis.call('HMGET', KEYS[1], 'id', ARGV[4], ARGV[6])
else
  known = redis.call('HMGET', KEYS[1], 'id', ARGV[4])
end
local off = now - ARGV[2]
if known[1] ~= ARGV[1] or off > 1000000 or off < -1000000 then
  return '?'
end

-- Returns the earliest start and the numbers of a limit; nothing if its terms are others, or its gate is closed.
local function load(state, terms)
  if not state or string.sub(state, 51) ~= terms then
    return nil
  end
  local full, part, gate, born, rate, burst = struct.unpack('<dddddd', state, 3)
  if gate > now then
    return nil
  end
  local parts = (burst - 1) * 60000000
  local whole = math.floor(parts / rate)
  local at = full - whole
  if part > parts - whole * rate then
    at = at + 1
  end
  return at < now and now or at, full, part, gate, born, rate, burst
end

-- Returns the state with one more token taken.
local function book(at, full, part, gate, born, rate, burst, terms)
  if at > (part > 0 and full + 1 or full) then
    full, part = at, 0
  end
  local parts = 60000000 + part
  local whole = math.floor(parts / rate)
  return struct.pack('<c2dddddd', 'a2', full + whole, parts - whole * rate, gate, born, rate, burst) .. terms
end

local at, full, part, gate, born, rate, burst = load(known[2], ARGV[5])
if not at then
  return '?'
end
local kind, start = 'g', at
local own, full2, part2, gate2, born2, rate2, burst2
if scope then
  own, full2, part2, gate2, born2, rate2, burst2 = load(known[3], ARGV[7])
  if not own then
    return '?'
  end
  if own > at then
    -- The user's token is taken when the scope's turn comes.
    kind, start = 's', own
  end
end
local wait = start - now
if wait > 60000000 then
  return '?'
end
if wait > tonumber(ARGV[3]) then
  return 'r' .. string.format('%.0f', wait)
end

if permits and wait == 0 then
  local most, lease, ends = tonumber(ARGV[8]), tonumber(ARGV[10]), tonumber(known[4]) or 0
  local held = redis.call('ZCARD', permits)
  if now - born < tonumber(ARGV[11]) or held == 0 and ends > now then
    return '?'
  end
  local releases = ARGV[12]
  if releases and held >= most then
    redis.call('ZREM', permits, unpack(ARGV, 12))
    held, releases = redis.call('ZCARD', permits), nil
  end
  if held >= most then
    return 'f'
  end
  redis.call('ZADD', permits, string.format('%.0f', now + lease), ARGV[9])
  if releases then
    -- After the new one, so that the key is never empty, which would delete it.
    redis.call('ZREM', permits, unpack(ARGV, 12))
  end
  -- Not written each time: the key expires after twice the lease.
  if held == 0 or ends < now + lease - math.min(lease / 6, 1000000) then
    redis.call('HSET', KEYS[1], permits, string.format('%.0f', now + lease))
    redis.call('PEXPIRE', permits, string.format('%.0f', math.ceil(lease / 500)))
  end
  kind = 'y'
end
if kind == 's' then
  redis.call('HSET', KEYS[1], ARGV[6], book(start, full2, part2, gate2, born2, rate2, burst2, ARGV[7]))
elseif own then
  redis.call('HSET', KEYS[1], ARGV[4], book(start, full, part, gate, born, rate, burst, ARGV[5]),
    ARGV[6], book(start, full2, part2, gate2, born2, rate2, burst2, ARGV[7]))
else
  redis.call('HSET', KEYS[1], ARGV[4], book(start, full, part, gate, born, rate, burst, ARGV[5]))
end
return wait == 0 and kind .. '0' or kind .. string.format('%.0f', wait)
