-- Takes a waiting demand, with the job's lock.
-- KEYS  demands, demandTrigger, lock, due
-- ARGV  name, token, ttlMs (0: the caller has no place for a run, so an original's demand is noted but not taken),
--       originalHeardAt (when the trigger of an original's demand expired, a demand that is noted nowhere; 0: none), caller, bell
-- returns { nowUs, verdict, demandedAt, lockRest, heard }
--   verdict  yours | held: it waits, but the lock is not free | none: no demand waits
-- rings  taken CALLER AT TRIGGERDELETED LOCKREST NAME
local demands, demandTrigger, lock, due = unpack(KEYS)
local name, token, ttlMs, originalHeardAt, caller, bell = unpack(ARGV)

local entry = readDemand(demands, name)
local holder = redis.call('GET', lock)
if entry.token == token and holder == token then return { nowUs, 'yours', entry.at, lockRest(lock), 0 } end

if entry.state == 'idle' then
  local heardAt = tonumber(originalHeardAt)
  -- Every instance hears the expiry at about the same time: note it once. A planned job called demand:NAME has the same
  -- trigger as a demand of NAME.
  if heardAt == 0 or math.abs(heardAt - entry.originalAt) < 100 or redis.call('ZSCORE', due, 'demand:' .. name) then
    return { nowUs, 'none', 0, 0, 0 }
  end
  entry.state = 'noted'
  entry.at = now
end
-- Also if it joins a waiting demand, so that an instance that hears the expiry later recognises it.
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
