-- Deletes all that is kept of a job, save for its lock: a run may go on. An instance that hires the job brings its plan
-- back as soon as it looks.
-- KEYS  plans, due, demands, runs, recovers, counts, paused, trigger, history
-- ARGV  name, caller, bell
-- returns { nowUs, deleted (how many things), demandedAt (of a demand that waited; 0: none did) }
-- rings  paused CALLER 0 NAME, when the job was paused, so that nobody brings the pause back
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
