-- Hire: makes sure that plans are stored, and that their triggers are on the wire. Takes many jobs at a time.
-- KEYS  plans, due, demands, paused, and for each job: trigger, lock
-- ARGV  caller, bell, and for each job: name, sequence, order ('': the same as of the job before)
--   order    SINCE NEXT PLAN; since: a later fire of another stands, 0: none does; next: cron's next slot
-- returns { nowUs, ... } and for each job { verdict, stamp, slot, plan, demandIn, pause (its entry in PREFIX:paused) }, or 0:
--           the same as of the job before
--   verdict  armed: the plan is new, changed, or was fired | kept: it was there | done: this call, or a later one of
--            this caller, was carried out before | fired: a later fire stands | stale: `next` has passed, compute it again
-- rings  armed CALLER STAMP NAME, when others have something to learn; of several jobs hired CALLER NAMES (JSON)
local plans, due, demands, paused = unpack(KEYS, 1, 4)
local caller, bell = unpack(ARGV, 1, 2)
local jobs = (#KEYS - 4) / 2

-- Read and written for all jobs at once, as each command costs more than what it does. No name comes twice.
local names, triggers, onWire = {}, {}, {}
for job = 1, jobs do
  names[job], triggers[job] = ARGV[3 * job], KEYS[2 * job + 3]
  -- Not MGET: a foreign value that is no string is to be told.
  onWire[job] = redis.call('GET', triggers[job])
end
local stored = redis.call('HMGET', plans, unpack(names))
local demanded = redis.call('HMGET', demands, unpack(names))
local pauses = redis.call('HMGET', paused, unpack(names))
local planWrites, dueWrites, triggerWrites = {}, {}, {}
-- The changes that other instances have to learn.
local told, lastStamp = {}, 0

local function write(name, entry)
  local at = #planWrites
  planWrites[at + 1], planWrites[at + 2] = name, planText(entry)
  dueWrites[at + 1], dueWrites[at + 2] = int(entry.slot), name
end

local NONE = { stamp = 0, slot = 0, plan = '', claims = '', calls = '', before = '', fired = true }

-- The interval of a plan, and the offset that a jitter gives it; nothing for cron.
local function parseInterval(plan)
  local every, offset = string.match(plan, '^every (%d+) ?%+?(%d*)$')
  return tonumber(every), tonumber(offset) or 0
end

local function parseOrder(text)
  local since, nextSlot, plan = string.match(text, '^(%d+) (%d+) (.*)$')
  local every, offset = parseInterval(plan)
  return { since = tonumber(since), next = tonumber(nextSlot), plan = plan, every = every, offset = offset }
end

-- Adds the verdict, and what is stored now, to the answer.
local function arm(job, name, sequence, order)
  local trigger, plan = triggers[job], order.plan
  local entry = parsePlan(stored[job], due, name)
  if entry and called(entry.calls, caller, sequence) then return 'done', entry end

  -- Unless it was ours: one instance's calls keep their order.
  if entry and entry.fired and order.since > 0 and entry.slot - FIRED > order.since
    and not string.find(entry.calls, caller .. ':%d+$') then
    return 'fired', entry
  end

  -- A trigger that an original set carries the job's name: its expiry is the slot, whatever is stored.
  local theirs = nil
  if onWire[job] == name then
    local rest = redis.call('PTTL', trigger)
    if rest > 0 then theirs = now + rest end
  end

  if entry and not entry.fired and entry.plan == plan then
    if theirs then entry.slot = theirs end
    entry.calls = rememberCall(entry.calls, caller, sequence)
    write(name, entry)
    if theirs or not onWire[job] then triggerWrites[trigger] = { entry.slot, job } end
    return 'kept', entry
  end

  local slot = order.every and now + order.every + order.offset or order.next
  if slot <= now then return 'stale', NONE end

  local was = entry or NONE
  local before = ''
  if theirs then
    slot = theirs
  elseif not was.fired then
    -- A changed plan never delays: what is due runs, and a new interval does not push a nearer slot away.
    -- Nor does a plan that comes back after another: it has its own slot again.
    before = int(was.slot) .. ' ' .. was.plan
    local ownSlot, ownPlan = string.match(was.before, '^(%d+) (.*)$')
    local wasEvery, wasOffset = parseInterval(was.plan)
    if was.slot > now and wasEvery and wasEvery == order.every then
      -- Another jitter alone: the grid moves by the difference, or it would have no effect.
      slot = math.max(now, was.slot + order.offset - wasOffset)
    elseif was.slot <= now or order.every then
      slot = math.min(slot, was.slot)
    end
    if ownPlan == plan then slot = math.min(slot, tonumber(ownSlot)) end
  end

  local stamp = math.max(now, was.stamp + 1)
  -- Nothing is stored: perhaps Redis was emptied, and others still know what was due.
  if not entry then before = 'born ' .. int(stamp) .. ' ' .. int(slot) .. ' 0 0 0' end
  entry = {
    stamp = stamp, plan = plan, slot = slot, before = before, claims = was.claims,
    calls = rememberCall(was.calls, caller, sequence),
  }
  write(name, entry)
  triggerWrites[trigger] = { slot, job }
  told[#told + 1] = name
  lastStamp = stamp
  return 'armed', entry
end

local answers = { nowUs }
local last, order = {}, nil
for job = 1, jobs do
  local text = ARGV[3 * job + 2]
  if text ~= '' then order = parseOrder(text) end
  local verdict, entry = arm(job, names[job], ARGV[3 * job + 1], order)
  local waits, pause = -1, pauses[job] or ''
  if demanded[job] and verdict ~= 'stale' then waits = demandIn(parseDemand(demanded[job]), KEYS[2 * job + 4]) end
  if verdict == last[1] and entry.stamp == last[2] and entry.slot == last[3] and entry.plan == last[4] and waits == last[5]
    and pause == last[6] then
    answers[job + 1] = 0
  else
    last = { verdict, entry.stamp, entry.slot, entry.plan, waits, pause }
    answers[job + 1] = last
  end
end

if #planWrites > 0 then
  redis.call('HSET', plans, unpack(planWrites))
  redis.call('ZADD', due, unpack(dueWrites))
end
for trigger, write in pairs(triggerWrites) do setTrigger(trigger, write[1], parsePause(pauses[write[2]])) end
if #told == 1 then ring(bell, 'armed', caller, int(lastStamp), told[1]) end
if #told > 1 then ring(bell, 'hired', caller, cjson.encode(told)) end
return answers
