-- Notes a demand. With a token it is the caller's own: noted, taken and locked in one step, if the lock is free.
-- KEYS  demands, demand trigger, lock
-- ARGV  name, caller, sequence, token ('' : only note it), ttlMs, listeners (as the instance last heard), bell
-- returns { nowUs, verdict, demandedAt, lockRest, heard }
--   verdict  yours | noted | done: this call was carried out before
-- rings  taken CALLER AT 0 LOCKREST NAME, or demand CALLER AT TRIGGERSET LOCKREST LISTENERS NAME
local demands, trigger, lock = unpack(KEYS)
local name, caller, sequence, token, ttl, listeners, bell = unpack(ARGV)

local entry = readDemand(demands, name)
if called(entry.calls, caller, sequence) then
  local mine = token ~= '' and entry.token == token and redis.call('GET', lock) == token
  return { nowUs, mine and 'yours' or 'done', entry.at, mine and lockRest(lock) or 0, 0 }
end
entry.calls = rememberCall(entry.calls, caller, sequence)
-- A demand that waits already is joined; one that was taken and not begun is done again with this one, if need be.
if entry.state ~= 'noted' then entry.at = now end

if token ~= '' and redis.call('SET', lock, token, 'NX', 'PX', ttl) then
  entry.state = 'taken'
  entry.token = token
  writeDemand(demands, name, entry)
  if redis.pcall('GET', trigger) == name then redis.call('DEL', trigger) end
  local heard = ring(bell, 'taken', caller, int(now), '0', ttl, name)
  return { nowUs, 'yours', entry.at, tonumber(ttl), heard }
end

entry.state = 'noted'
writeDemand(demands, name, entry)
local set = redis.call('SET', trigger, name, 'NX', 'PX', 1) and '1' or '0'
local rest = lockRest(lock)
local heard = ring(bell, 'demand', caller, int(now), set, int(rest), listeners, name)
return { nowUs, 'noted', entry.at, rest, heard }
