-- The short way of `reserve.lua`: one call, the user's limit only, and nothing to report. Returns `g<wait>` or `r<wait>` as
-- that does, or `?` if anything is not as expected; then it has changed nothing, and `reserve.lua` decides.
--
-- KEYS: generation, user limit. ARGV: known generation, expected time, calls per minute, burst, closings, longest wait
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('GET', KEYS[2])
local off = now - ARGV[2]
if not state or off > 1000000 or off < -1000000 or redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return '?'
end
local ok, format, full, part, rate, burst, gate, closings = pcall(cmsgpack.unpack, state)
if not ok or format ~= 'avala1' or rate ~= tonumber(ARGV[3]) or burst ~= tonumber(ARGV[4])
  or closings ~= tonumber(ARGV[5]) or gate > now then
  return '?'
end
local parts = (burst - 1) * 60000000
local whole = math.floor(parts / rate)
local at = full - whole
if part > parts - whole * rate then
  at = at + 1
end
if at < now then
  at = now
end
local wait = at - now
if wait > 60000000 then
  return '?'
end
if wait > tonumber(ARGV[6]) then
  return 'r' .. string.format('%.0f', wait)
end
if at > (part > 0 and full + 1 or full) then
  full, part = at, 0
end
parts = 60000000 + part
whole = math.floor(parts / rate)
redis.call('SET', KEYS[2], cmsgpack.pack('avala1', full + whole, parts - whole * rate, rate, burst, gate, closings), 'PX',
  7200000)
return wait == 0 and 'g0' or 'g' .. string.format('%.0f', wait)
