-- The short way of `reserve.lua`: one call that has nothing to report. Returns `g<wait>`, `s<wait>` or `r<wait>` as that
-- does, `y0` if the call has its tokens and a permit for now, `f` if no permit is free, and `?` if anything is not as
-- expected; then `reserve.lua` decides. Tokens change only with `g`, `s` and `y`, permits only with `y` and `f`.
--
-- KEYS: generation, user limit, [scope limit], [permits of the group]
-- ARGV: known generation, expected time, longest wait, number of limits, and for each: calls per minute, burst, closings;
--       [permits of the group, permit id, lease, learning time, released permits...]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local count = tonumber(ARGV[4])
local permits = KEYS[2 + count]
local known = permits and redis.call('HMGET', KEYS[1], 'id', 'born', permits) or { redis.call('HGET', KEYS[1], 'id') }
local off = now - ARGV[2]
if known[1] ~= ARGV[1] or off > 1000000 or off < -1000000 then
  return '?'
end

-- Returns the earliest start, and the state of the limit.
local function load(index)
  local state = redis.call('GET', KEYS[1 + index])
  if not state then
    return nil
  end
  local ok, format, full, part, rate, burst, gate, closings = pcall(cmsgpack.unpack, state)
  local a = 2 + 3 * index
  if not ok or format ~= 'avala1' or rate ~= tonumber(ARGV[a]) or burst ~= tonumber(ARGV[a + 1])
    or closings ~= tonumber(ARGV[a + 2]) or gate > now then
    return nil
  end
  local parts = (burst - 1) * 60000000
  local whole = math.floor(parts / rate)
  local at = full - whole
  if part > parts - whole * rate then
    at = at + 1
  end
  return at < now and now or at, full, part, rate, burst, gate, closings
end

local function book(index, at, full, part, rate, burst, gate, closings)
  if at > (part > 0 and full + 1 or full) then
    full, part = at, 0
  end
  local parts = 60000000 + part
  local whole = math.floor(parts / rate)
  redis.call('SET', KEYS[1 + index],
    cmsgpack.pack('avala1', full + whole, parts - whole * rate, rate, burst, gate, closings), 'KEEPTTL')
end

local at, full, part, rate, burst, gate, closings = load(1)
if not at then
  return '?'
end
local kind, start = 'g', at
local own, full2, part2, rate2, burst2, gate2, closings2
if count > 1 then
  own, full2, part2, rate2, burst2, gate2, closings2 = load(2)
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
  local a = 4 + 3 * count
  local most, lease, ends = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 3]), tonumber(known[3]) or 0
  local held = redis.call('ZCARD', permits)
  if now - (tonumber(known[2]) or now) < tonumber(ARGV[a + 4]) or held == 0 and ends > now then
    return '?'
  end
  local releases = ARGV[a + 5]
  if releases and held >= most then
    redis.call('ZREM', permits, unpack(ARGV, a + 5))
    held, releases = redis.call('ZCARD', permits), nil
  end
  if held >= most then
    return 'f'
  end
  redis.call('ZADD', permits, string.format('%.0f', now + lease), ARGV[a + 2])
  if releases then
    -- Removed after the new permit was added, because an empty key would be deleted.
    redis.call('ZREM', permits, unpack(ARGV, a + 5))
  end
  -- Not written each time: the key expires after twice the lease.
  if held == 0 or ends < now + lease - math.min(lease / 6, 1000000) then
    redis.call('HSET', KEYS[1], permits, string.format('%.0f', now + lease))
    redis.call('PEXPIRE', permits, string.format('%.0f', math.ceil(lease / 500)))
  end
  kind = 'y'
end
if kind ~= 's' then
  book(1, start, full, part, rate, burst, gate, closings)
end
if own then
  book(2, start, full2, part2, rate2, burst2, gate2, closings2)
end
return wait == 0 and kind .. '0' or kind .. string.format('%.0f', wait)
