-- Reserves tokens of one or two limits, and a permit. Times are microseconds of Redis' clock.
--
-- KEYS: limits of the account, [permits of the group]
-- ARGV: new generation, known generation, expected time (0: unknown), how much later the caller gives up (-1: it has seen
--       that the clock jumped), learning time, number of limits, and for each limit:
--         field, calls per minute, burst, from the server (0/1), remaining (-1: unknown), closed for, tokens put back,
--         closings, whether the call already has a reservation for now (0/1)
--       most tokens in advance, permits of the group (0: none needed), permit id, lease,
--       spare tokens, longest wait of each call...
-- Returns `late` if the caller gave up, or else, separated by spaces: generation, now, closings and closed time of each
--       limit (0 without a scope), permit (-, y, n), tokens in advance, and for each call: g<wait> (reserved), s<wait>
--       (reserved in the scope only), r<wait> (refused)
--
-- The limits of an account are one hash without an expiry: `id` and `born` of its generation, a field for each limit,
-- and for each group of permits when the last lease ends. So one command reads all of it, and nothing is lost alone.
-- A limit is 'a2', its numbers as doubles, and as text what a caller has to know of it: rate, burst and closings.
--
-- Numbers stay exact: all are integers below 2^53, and leave Lua as text, because Redis truncates Lua numbers, and Lua
-- prints 14 digits. Counts of closings have 10 at most.
local MINUTE = 60000000
local HOUR = 3600000000

local function text(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local count = tonumber(ARGV[6])
local known = redis.call('HMGET', KEYS[1], 'id', 'born', ARGV[7], count > 1 and ARGV[16] or '-')
local id, born = known[1], tonumber(known[2])

-- The generation distinguishes an idle key from a lost store. After a clock jump, the stored state cannot be trusted.
local expected, patience = tonumber(ARGV[3]), tonumber(ARGV[4])
local off = id and id == ARGV[2] and expected > 0 and now - expected or 0
if patience >= 0 and off > patience + 1000000 then
  -- The server was paused, and the caller no longer waits. If it does, the clock has jumped.
  return 'late'
end
local jumped = off < -1000000 or patience < 0 and off > 1000000
local fresh = not id or not born or jumped or born > now + 1000000
if fresh then
  id, born = ARGV[1], now
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', id, 'born', text(born))
end

-- Moves `full` by this many intervals; the remainder counts fractions of a microsecond.
local function add(limit, tokens)
  local parts = tokens * MINUTE + limit.part
  local whole = math.floor(parts / limit.rate)
  limit.full = limit.full + whole
  limit.part = parts - whole * limit.rate
end

local function tolerance(limit, tokens)
  local parts = math.max(limit.burst - tokens, 0) * MINUTE
  local whole = math.floor(parts / limit.rate)
  return whole, parts - whole * limit.rate
end

-- Returns tokens, unless a later start is already reserved.
local function put_back(limit, tokens)
  local whole = tolerance(limit, 1)
  while tokens > 0 and limit.full - whole - MINUTE / limit.rate <= now do
    add(limit, -1)
    tokens = tokens - 1
  end
end

local function set_empty(limit, from)
  limit.full, limit.part = from, 0
  add(limit, limit.burst)
end

-- The gate opens with one token instead of a burst. Earlier reservations are void: their holders compare `closings`.
local function close(limit, opening)
  limit.gate, limit.closings = opening, limit.closings + 1
  set_empty(limit, opening)
  add(limit, -1)
end

local function load(index)
  local a = 7 + (index - 1) * 9
  local rate, burst = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local state, limit = known[2 + index], nil
  if state then
    if #state < 51 or string.sub(state, 1, 2) ~= 'a2' then
      return nil
    end
    local full, part, gate, of, r, b = struct.unpack('<dddddd', state, 3)
    limit = { full = full, part = part, rate = r, burst = b, gate = gate }
    limit.closings = tonumber(string.match(state, '^%d+ %d+ (%d+)$', 51))
    if not limit.closings then
      return nil
    end
    if of ~= born then
      -- Of another generation.
      limit.gate = 0
      limit.closings = limit.closings + 1
      set_empty(limit, now)
    end
    if ARGV[a + 3] == '1' and (limit.rate ~= rate or limit.burst ~= burst) then
      -- Keeps the number of used tokens. Reservations at the old rate are void.
      local used = math.min(math.ceil(math.max(limit.full - now, 0) * limit.rate / MINUTE), burst)
      limit.rate, limit.burst, limit.part = rate, burst, 0
      limit.full = now
      add(limit, used)
      limit.closings = limit.closings + 1
    end
  else
    limit = { full = now, part = 0, rate = rate, burst = burst, gate = 0, closings = 0 }
    -- The user's limit is as old as the generation, so it was lost. A scope that is missing may have been used before.
    set_empty(limit, index == 1 and now or born)
    -- Differs from a count that was lost.
    limit.closings = now % 1000000007
  end

  -- No reservation is made further ahead than a minute, and no gate closes for more than an hour.
  if limit.gate > now + HOUR + MINUTE then
    limit.gate = 0
  end
  local whole = tolerance(limit, 1)
  local from = math.max(now, limit.gate)
  if limit.full - whole > from + MINUTE + MINUTE / limit.rate + 1 then
    limit.closings = limit.closings + 1
    set_empty(limit, from)
  end

  -- Earlier reservations are void after a gate closed, the limit changed, or the store was lost.
  local is_valid = id == ARGV[2] and limit.closings == tonumber(ARGV[a + 7])
  limit.held = is_valid and ARGV[a + 8] == '1'
  if is_valid then
    put_back(limit, tonumber(ARGV[a + 6]))
  end
  local remaining = tonumber(ARGV[a + 4])
  if remaining >= 0 and remaining < limit.burst then
    local missing = { full = now, part = 0, rate = limit.rate }
    add(missing, limit.burst - remaining)
    if missing.full > limit.full then
      limit.full, limit.part = missing.full, missing.part
    end
  end
  local closed = tonumber(ARGV[a + 5])
  if closed > 0 and now + closed > limit.gate + 1000 then
    close(limit, now + closed)
  end
  return limit
end

local function start(limit, spare)
  local whole, part = tolerance(limit, 1 + spare)
  local at = limit.full - whole
  -- Rounded up: a start is never too early.
  if limit.part > part then
    at = at + 1
  end
  return math.max(now, limit.gate, at)
end

local function book(limit, at)
  local full = limit.full
  if limit.part > 0 then
    full = full + 1
  end
  if at > full then
    limit.full, limit.part = at, 0
  end
  add(limit, 1)
end

local user, scope = load(1), nil
if count > 1 then
  scope = load(2)
end
if not user or count > 1 and not scope then
  return redis.error_reply('AVALA a limit key holds something else')
end

local a = 6 + count * 9
local advance, permits = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
local spare = tonumber(ARGV[a + 5])
local first, last = a + 6, #ARGV

local permit = '-'
if permits > 0 then
  local key = KEYS[#KEYS]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now))
  local held, count = redis.call('ZSCORE', key, ARGV[a + 3]), redis.call('ZCARD', key)
  -- A lease has not ended, but the key is missing: only the key was lost, and the holders will present their permits.
  local is_lost = count == 0 and (tonumber(redis.call('HGET', KEYS[1], key)) or 0) > now
  if held or now - born >= tonumber(ARGV[5]) and count < permits and not is_lost then
    permit = 'y'
  else
    -- Without a permit, no token is taken.
    permit, last = 'n', first - 1
    if user.held then
      put_back(user, 1)
    end
  end
end

local calls = {}
for index = first, last do
  local longest = math.min(tonumber(ARGV[index]), MINUTE)
  local at = user.held and now or start(user, spare)
  local kind = 'g'
  if scope and not scope.held then
    local own = start(scope, spare)
    if own > at then
      -- The user's token is taken when the scope's turn comes, so that a narrow scope does not delay other calls.
      at, kind = own, 's'
    end
  end
  if at - now > longest then
    kind = 'r'
  else
    if kind == 'g' and not user.held then
      book(user, at)
    end
    if scope and not scope.held then
      book(scope, at)
    end
    if permit == 'y' and at > now then
      -- The permit is taken when the turn comes.
      permit = '-'
    end
  end
  if kind == 'r' and permit == 'y' then
    permit = '-'
  end
  calls[#calls + 1] = at == now and kind .. '0' or kind .. text(at - now)
end
if permit == 'y' then
  local key, lease = KEYS[#KEYS], tonumber(ARGV[a + 4])
  redis.call('ZADD', key, text(now + lease), ARGV[a + 3])
  redis.call('HSET', KEYS[1], key, text(now + lease))
  redis.call('PEXPIRE', key, text(math.ceil(lease / 500)))
end

local ahead = 0
while ahead < advance and start(user, 0) == now do
  book(user, now)
  ahead = ahead + 1
end

local function state(limit)
  return struct.pack('<c2dddddd', 'a2', limit.full, limit.part, limit.gate, born, limit.rate, limit.burst)
    .. text(limit.rate) .. ' ' .. text(limit.burst) .. ' ' .. text(limit.closings)
end

redis.call('HSET', KEYS[1], ARGV[7], state(user))
if scope then
  redis.call('HSET', KEYS[1], ARGV[16], state(scope))
end
local closed = user.gate > now and text(user.gate - now) or '0'
local scope_closed = scope and scope.gate > now and text(scope.gate - now) or '0'
return table.concat({ id, text(now), text(user.closings), closed, scope and text(scope.closings) or '0', scope_closed, permit,
  ahead, unpack(calls) }, ' ')
