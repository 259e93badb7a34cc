-- Takes a demand that waits, with the job's lock.
-- KEYS  demands, demandTrigger, lock, due
-- ARGV  name, token, ttlMs (0: the caller has no room, so an original's demand is noted, and not taken), originalHeardAt
--       (0, or when the trigger of an original's demand was heard to expire: a demand without a note), caller, bell
-- returns { nowUs, verdict, demandedAt, lockRest, heard }   verdict  yours | held: it is not | none: no demand waits
-- rings  taken CALLER AT TRIGGERDELETED LOCKREST NAME
local demands, demandTrigger, lock, due = unpack(KEYS)
local name, token, ttlMs, originalHeardAt, caller, bell = unpack(ARGV)

local entry = readDemand(demands, name)
local holder = redis.call('GET', lock)
if entry.token == token and holder == token then return { nowUs, 'yours', entry.at, lockRest(lock), 0 } end

if entry.state == 'idle' then
  local heardAt = tonumber(originalHeardAt)
  -- Every instance hears of it at about the same time. And a planned job called demand:NAME has the very trigger that a
  -- demand of NAME has.
  if heardAt == 0 or math.abs(heardAt - entry.originalAt) < 100 or redis.call('ZSCORE', due, 'demand:' .. name) then
    return { nowUs, 'none', 0, 0, 0 }
  end
  entry.state = 'noted'
  entry.at = now
end
-- Also of one that joins a demand which waits: whoever hears of it later must know.
if originalHeardAt ~= '0' then
  entry.originalAt = tonumber(originalHeardAt)
  writeDemand(demands, name, entry)
end

if ttlMs == '0' or not redis.call('SET', lock, token, 'NX', 'PX', ttlMs) then
  return { nowUs, 'held', entry.at, lockRest(lock), 0 }
end
entry.state = 'taken'
entry.token = token
writeDemand(demands, name, entry)
local deleted = '0'
if redis.pcall('GET', demandTrigger) == name then
  redis.call('DEL', demandTrigger)
  deleted = '1'
end
local heard = ring(bell, 'taken', caller, int(now), deleted, ttlMs, name)
return { nowUs, 'yours', entry.at, tonumber(ttlMs), heard }
