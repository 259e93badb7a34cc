-- Takes a slot whose run has died: its claimer has not settled it, and its lock is gone.
-- KEYS  recovers, lock, due
-- ARGV  name, token, ttlMs, caller, bell
-- returns { nowUs, verdict, slot, lockRest }
--   verdict  yours: run it once more | held: a run of the job goes on, ask again after lockRest | none
-- rings  recovered CALLER AT NAME
local recovers, lock, due = unpack(KEYS)
local name, token, ttl, caller, bell = unpack(ARGV)

local list = redis.call('HGET', recovers, name) or ''
local holder = redis.call('GET', lock)
local first, slot
for owner, claimed, times in string.gmatch(list, '(%w+):(%d+):(%d)') do
  if owner == token then
    return { nowUs, 'yours', tonumber(claimed), holder == token and lockRest(lock) or 0 }
  end
  if not first and times == '0' and tonumber(claimed) < FIRED then first, slot = owner, claimed end
end
if not first then
  -- What is left was run once more already.
  if list ~= '' and not holder then redis.call('HDEL', recovers, name) end
  return { nowUs, 'none', 0, 0 }
end

if (tonumber(redis.call('ZSCORE', due, name) or nil) or 0) >= FIRED then
  redis.call('HDEL', recovers, name)
  return { nowUs, 'none', 0, 0 }
end
if not redis.call('SET', lock, token, 'NX', 'PX', ttl) then return { nowUs, 'held', 0, lockRest(lock) } end

-- The second run is noted as well, so that this command may arrive twice; it is not run a third time.
redis.call('HSET', recovers, name, remember(list, first, token .. ':' .. slot .. ':1'))
ring(bell, 'recovered', caller, int(now), name)
return { nowUs, 'yours', tonumber(slot), tonumber(ttl) }
