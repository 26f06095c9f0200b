-- Releases permits.
-- KEYS: permits of a group, limits of the account. ARGV: permit ids
redis.call('ZREM', KEYS[1], unpack(ARGV))
if redis.call('ZCARD', KEYS[1]) == 0 then
  -- The key is empty, not lost.
  redis.call('HDEL', KEYS[2], KEYS[1])
end
return 'ok'
