-- Deletes what nobody has used for 30 days: plans whose slot, fires whose time and demands whose run is as long past. A
-- demand that waits is kept, with all there is of its job, and so is the job of a run that goes on, and one that is paused,
-- or was within these 30 days.
-- KEYS  plans, due, demands, runs, recovers, counts, paused, and for each name: lock, history
-- ARGV  names (JSON: those to delete; what is no longer old is kept)
-- returns { nowUs, { names that are old } }   up to 100, for the caller to keep those that it hires
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
  -- What is kept to be looked at alone: nothing that is wrong with it fails the sweep.
  for _, hash in ipairs({ runs, counts }) do redis.pcall('HDEL', hash, unpack(old)) end
  redis.pcall('DEL', unpack(histories))
end

-- From another place each time, so that what is kept hides nothing behind it.
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
