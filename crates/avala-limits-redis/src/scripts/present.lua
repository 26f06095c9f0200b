-- Presents held permits: extends their leases, and enters them again after the store was lost.
-- KEYS: permits of a group, limits of the account. ARGV: pairs of permit id and lease in microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local longest = 0
for index = 1, #ARGV, 2 do
  local lease = tonumber(ARGV[index + 1])
  longest = math.max(longest, lease)
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease), ARGV[index])
end
local left = redis.call('PTTL', KEYS[1])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(left, math.ceil(longest / 500))))
redis.call('HSET', KEYS[2], KEYS[1], string.format('%.0f', now + longest))
return 'ok'
