-- Deletes jobs that have not been used for 30 days: whose slot, fire, or last demand is that long past. A job is kept while
-- a demand waits, while it is running, while it is paused, and if it was paused within these 30 days.
-- KEYS  plans, due, demands, runs, recovers, counts, paused, and for each name: lock, history
-- ARGV  names (JSON: the jobs to delete; one that has been used meanwhile is kept)
-- returns { nowUs, { names that are old } }   up to 100; the caller removes those that it hires and sends the rest next time
local plans, due, demands, runs, recovers, counts, paused = unpack(KEYS, 1, 7)
local names = cjson.decode(ARGV[1])
local long = now - 30 * 86400000
local PAGE = 100

local function isOld(name)
  local demand = readDemand(demands, name)
  if demand.state ~= 'idle' or demand.at > long then return false end
  local pause = readPause(paused, name)
  if covers(pause, long) then return false end
  local slot = tonumber(redis.call('ZSCORE', due, name) or nil)
  if slot then return slot <= long or (slot >= FIRED and slot <= FIRED + long) end
  return demand.at > 0 or pause ~= nil
end

local old, histories, hashes = {}, {}, {}
for at, name in ipairs(names) do
  if redis.call('EXISTS', KEYS[2 * at + 6]) == 0 and isOld(name) then
    old[#old + 1] = name
    histories[#histories + 1] = KEYS[2 * at + 7]
  end
end
if #old > 0 then
  redis.call('ZREM', due, unpack(old))
  for _, hash in ipairs({ plans, demands, recovers, paused }) do redis.call('HDEL', hash, unpack(old)) end
  -- Display-only data: an error in it does not fail the sweep.
  for _, hash in ipairs({ runs, counts }) do redis.pcall('HDEL', hash, unpack(old)) end
  redis.pcall('DEL', unpack(histories))
end

-- Starts at another place each time, so that jobs that are kept do not hide those after them.
local found = {}
local function look(list)
  local from = #list > PAGE and now % (#list - PAGE) or 0
  for at = from + 1, #list do
    if #found == PAGE then return end
    if isOld(list[at]) then found[#found + 1] = list[at] end
  end
end
look(redis.call('ZRANGEBYSCORE', due, '-inf', int(long), 'LIMIT', 0, 10 * PAGE))
look(redis.call('ZRANGEBYSCORE', due, int(FIRED), int(FIRED + long), 'LIMIT', 0, 10 * PAGE))
look(redis.call('HRANDFIELD', demands, 16))
look(redis.call('HRANDFIELD', paused, 16))
return { nowUs, found }
