-- Stores an instance's answer to a roll call, in a hash, so that an answer that arrives twice is stored once.
-- KEYS  answers
-- ARGV  caller, answer (JSON), ttlMs
-- returns { nowUs }
local answers = KEYS[1]
local caller, answer, ttlMs = unpack(ARGV)

redis.call('HSET', answers, caller, answer)
redis.call('PEXPIRE', answers, ttlMs)
return { nowUs }
