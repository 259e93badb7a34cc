-- Hire: makes sure that plans are stored and their triggers are set. Takes many jobs at a time.
-- KEYS  plans, due, demands, paused, and for each job: trigger, lock
-- ARGV  caller, bell, and for each job: name, sequence, order ('': the same as the previous job's)
--   order    SINCE NEXT PLAN. SINCE: a fire by another instance after this time wins; 0: no fire does. NEXT: cron's next slot
-- returns { nowUs, ... } and for each job { verdict, stamp, slot, plan, demandIn, pause (its entry in PREFIX:paused) }, or 0
--           if that is the same as for the previous job
--   verdict  armed: the plan is new, changed, or was fired | kept: it was stored already | done: this call, or a later one
--            of this caller, was carried out before | fired: a later fire wins | stale: NEXT has passed, compute it again
-- rings  armed CALLER STAMP NAME, if the plan was armed; for several such jobs, hired CALLER NAMES (JSON)
local plans, due, demands, paused = unpack(KEYS, 1, 4)
local caller, bell = unpack(ARGV, 1, 2)
local jobs = (#KEYS - 4) / 2

-- Everything is read and written for all jobs at once, because a command costs more than its work. No name occurs twice.
local names, triggers, onWire = {}, {}, {}
for job = 1, jobs do
  names[job], triggers[job] = ARGV[3 * job], KEYS[2 * job + 3]
  -- Not MGET, which hides the error of a foreign key that is not a string.
  onWire[job] = redis.call('GET', triggers[job])
end
local stored = redis.call('HMGET', plans, unpack(names))
local demanded = redis.call('HMGET', demands, unpack(names))
local pauses = redis.call('HMGET', paused, unpack(names))
local planWrites, dueWrites, triggerWrites = {}, {}, {}
-- The changes to announce to other instances.
local told, lastStamp = {}, 0

local function write(name, entry)
  local at = #planWrites
  planWrites[at + 1], planWrites[at + 2] = name, planText(entry)
  dueWrites[at + 1], dueWrites[at + 2] = int(entry.slot), name
end

local NONE = { stamp = 0, slot = 0, plan = '', claims = '', calls = '', before = '', fired = true }

-- The interval of a plan, and its offset by jitter; nil and 0 for cron.
local function parseInterval(plan)
  local every, offset = string.match(plan, '^every (%d+) ?%+?(%d*)$')
  return tonumber(every), tonumber(offset) or 0
end

local function parseOrder(text)
  local since, nextSlot, plan = string.match(text, '^(%d+) (%d+) (.*)$')
  local every, offset = parseInterval(plan)
  return { since = tonumber(since), next = tonumber(nextSlot), plan = plan, every = every, offset = offset }
end

-- Hires one job. Returns the verdict and the entry as it is stored now.
local function arm(job, name, sequence, order)
  local trigger, plan = triggers[job], order.plan
  local entry = parsePlan(stored[job], due, name)
  if entry and called(entry.calls, caller, sequence) then return 'done', entry end

  -- A fire by this caller does not override its own hire: the calls of one instance take effect in their order.
  if entry and entry.fired and order.since > 0 and entry.slot - FIRED > order.since
    and not string.find(entry.calls, caller .. ':%d+$') then
    return 'fired', entry
  end

  -- A trigger whose value is the job's name was set by an original: its expiry is the slot, whatever is stored.
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
    -- A changed plan never delays a slot: what is due runs, and a new interval does not postpone an earlier slot. A plan that
    -- comes back after another one gets its own slot back.
    before = int(was.slot) .. ' ' .. was.plan
    local ownSlot, ownPlan = string.match(was.before, '^(%d+) (.*)$')
    local wasEvery, wasOffset = parseInterval(was.plan)
    if was.slot > now and wasEvery and wasEvery == order.every then
      -- Only the jitter has changed: move the grid by the difference. With the earlier slot, the change would have no effect.
      slot = math.max(now, was.slot + order.offset - wasOffset)
    elseif was.slot <= now or order.every then
      slot = math.min(slot, was.slot)
    end
    if ownPlan == plan then slot = math.min(slot, tonumber(ownSlot)) end
  end

  local stamp = math.max(now, was.stamp + 1)
  -- Nothing is stored: Redis may have been emptied, and other instances may still know the slot.
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
