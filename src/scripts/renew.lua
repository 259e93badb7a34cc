-- Renews the lock of a run. It only sets an expiry, so it works even if Redis is out of memory.
-- KEYS  lock
-- ARGV  token, ttlMs
-- returns { nowUs, verdict }   verdict  renewed | foreign: the lock is gone, or held with another token
local lock = KEYS[1]
local token, ttlMs = unpack(ARGV)

if redis.call('GET', lock) ~= token then return { nowUs, 'foreign' } end
redis.call('PEXPIRE', lock, ttlMs)
return { nowUs, 'renewed' }
