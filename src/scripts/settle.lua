-- The end of a run: releases its lock, notes the run, and says whether a demand was made meanwhile.
-- KEYS  lock, runs, demands, recovers
-- ARGV  name, token, startedAt, run (JSON), leaving (1: somebody else has to take the demand), caller, listeners, bell
-- returns { nowUs, demandIn, recoverable (1: the run of another slot has died, or goes on) }
-- rings  settled CALLER NAME, when the run was noted to be recovered;
--        demand CALLER AT 0 LOCKREST LISTENERS NAME, when leaving and a demand waits
local lock, runs, demands, recovers = unpack(KEYS)
local name, token, startedAt, run, leaving, caller, listeners, bell = unpack(ARGV)

if redis.call('GET', lock) == token then redis.call('DEL', lock) end

-- A foreign value is told where a slot is claimed; it keeps nobody from settling.
local noted = redis.pcall('HGET', recovers, name)
local list = type(noted) == 'string' and noted or ''
local mine = string.find(list, token, 1, true)
if mine then list = string.gsub(list, ' ?' .. token .. ':%d+:%d', '') end
local recoverable = string.find(list, ':0', 1, true) and 1 or 0
-- A second run that died as well is not run a third time, so nobody else clears it away.
if list ~= '' and recoverable == 0 and redis.call('EXISTS', lock) == 0 then list = '' end
if list == '' then
  if type(noted) == 'string' then redis.call('HDEL', recovers, name) end
elseif mine then
  redis.call('HSET', recovers, name, list)
end
if mine then ring(bell, 'settled', caller, name) end

local entry = readDemand(demands, name)
if entry.state == 'taken' and entry.token == token then
  entry.state = 'idle'
  entry.at = now
  writeDemand(demands, name, entry)
end

-- A run that ends long after its lock must not cover the note of a later one.
-- Nor may a foreign value, or a Redis without room, keep the demand's answer back.
local before = redis.pcall('HGET', runs, name)
local last = type(before) == 'string' and string.match(before, '"startedAt":(%d+)')
if not last or tonumber(last) <= tonumber(startedAt) then redis.pcall('HSET', runs, name, run) end

local waiting = demandIn(demands, lock, name)
if leaving == '1' and waiting >= 0 then ring(bell, 'demand', caller, int(now), '0', int(waiting), listeners, name) end
return { nowUs, waiting, recoverable }
