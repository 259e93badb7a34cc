-- Deletes all that is kept of a job, save for its lock: a run may go on. An instance that hires the job brings its plan
-- back as soon as it looks.
-- KEYS  plans, due, demands, runs, recovers, counts, trigger, history
-- ARGV  name
-- returns { nowUs, deleted (how many things) }
local plans, due, demands, runs, recovers, counts, trigger, history = unpack(KEYS)
local name = ARGV[1]

local deleted = redis.call('ZREM', due, name) + redis.call('DEL', trigger, history)
for _, hash in ipairs({ plans, demands, recovers }) do deleted = deleted + redis.call('HDEL', hash, name) end
for _, hash in ipairs({ runs, counts }) do
  local gone = redis.pcall('HDEL', hash, name)
  if type(gone) == 'number' then deleted = deleted + gone end
end
return { nowUs, deleted }
