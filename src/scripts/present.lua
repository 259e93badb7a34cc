-- An instance's answer to a roll call. A hash, so that one that arrives twice is one.
-- KEYS  answers
-- ARGV  caller, answer (JSON), ttlMs
-- returns { nowUs }
local answers = KEYS[1]
local caller, answer, ttlMs = unpack(ARGV)

redis.call('HSET', answers, caller, answer)
redis.call('PEXPIRE', answers, ttlMs)
return { nowUs }
