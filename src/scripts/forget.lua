-- Deletes all data of a job except its lock, because a run may be in progress. An instance that hires the job restores the plan
-- the next time that it reads it.
-- KEYS  plans, due, demands, runs, recovers, counts, paused, trigger, history
-- ARGV  name, caller, bell
-- returns { nowUs, deleted (the number of entries), demandedAt (of the demand that waited; 0: none did) }
-- rings  paused CALLER 0 NAME, if the job was paused, so that no instance brings the pause back
local plans, due, demands, runs, recovers, counts, paused, trigger, history = unpack(KEYS)
local name, caller, bell = unpack(ARGV)

local demand = readDemand(demands, name)
local deleted = redis.call('ZREM', due, name) + redis.call('DEL', trigger, history)
for _, hash in ipairs({ plans, demands, recovers }) do deleted = deleted + redis.call('HDEL', hash, name) end
for _, hash in ipairs({ runs, counts }) do
  local gone = redis.pcall('HDEL', hash, name)
  if type(gone) == 'number' then deleted = deleted + gone end
end
if redis.call('HDEL', paused, name) == 1 then
  deleted = deleted + 1
  ring(bell, 'paused', caller, '0', name)
end
return { nowUs, deleted, demand.state ~= 'idle' and demand.at or 0 }
