-- Hire: makes sure that a plan is stored, and that its trigger is on the wire.
-- KEYS  plans, due, trigger, demands, lock, runs, recovers, counts, history
-- ARGV  name, plan, everyMs (0: cron), next (cron's next slot), caller, sequence, since (a later fire of another stands; 0:
--       none does), sweep (1: clear away), bell
-- returns { nowUs, verdict, stamp, slot, plan, demandIn }
--   verdict  armed: the plan is new, changed, or was fired | kept: it was there | done: this call, or a later one of
--            this caller, was carried out before | fired: a later fire stands | stale: `next` has passed, compute it again
-- rings  armed CALLER STAMP NAME, when others have something to learn
local plans, due, trigger, demands, lock, runs, recovers, counts, history = unpack(KEYS)
local name, plan, everyMs, nextSlot, caller, sequence, since, sweep, bell = unpack(ARGV)
local every = tonumber(everyMs)

-- What is kept for the eye alone: nothing that is wrong with it fails a hire.
local function dropNotes(old)
  redis.pcall('HDEL', runs, old)
  redis.pcall('HDEL', counts, old)
  -- Which jobs are old nobody knows before; their histories are called as ours is.
  redis.pcall('DEL', string.sub(history, 1, -#name - 1) .. old)
end

-- What nobody uses any more: plans and fires whose time is 30 days past, and a few demands looked at by chance.
local function clearAway()
  local long = now - 30 * 86400000
  for _, range in ipairs({ { '-inf', int(long) }, { int(FIRED), int(FIRED + long) } }) do
    for _, old in ipairs(redis.call('ZRANGEBYSCORE', due, range[1], range[2], 'LIMIT', 0, 16)) do
      if old ~= name then
        redis.call('ZREM', due, old)
        redis.call('HDEL', plans, old)
        redis.call('HDEL', recovers, old)
        dropNotes(old)
      end
    end
  end
  local some = redis.call('HRANDFIELD', demands, 4)
  for _, old in ipairs(some) do
    if old ~= name and readDemand(demands, old).at < long then
      redis.call('HDEL', demands, old)
      if not redis.call('ZSCORE', due, old) then dropNotes(old) end
    end
  end
end

local function answer(verdict, entry)
  return { nowUs, verdict, entry.stamp, entry.slot, entry.plan, demandIn(demands, lock, name) }
end

if sweep == '1' then clearAway() end
local entry = readPlan(plans, due, name)
if entry and called(entry.calls, caller, sequence) then return answer('done', entry) end

-- Unless it was ours: one instance's calls keep their order.
if entry and entry.fired and tonumber(since) > 0 and entry.slot - FIRED > tonumber(since)
  and not string.find(entry.calls, caller .. ':%d+$') then
  return answer('fired', entry)
end

-- A trigger that an original set carries the job's name: its expiry is the slot, whatever is stored.
local theirs = nil
if redis.call('GET', trigger) == name then
  local rest = redis.call('PTTL', trigger)
  if rest > 0 then theirs = now + rest end
end

if entry and not entry.fired and entry.plan == plan then
  if theirs then entry.slot = theirs end
  entry.calls = rememberCall(entry.calls, caller, sequence)
  writePlan(plans, due, name, entry)
  if theirs or redis.call('EXISTS', trigger) == 0 then setTrigger(trigger, entry.slot) end
  return answer('kept', entry)
end

local slot = every > 0 and now + every or tonumber(nextSlot)
if slot <= now then return { nowUs, 'stale', 0, 0, '', -1 } end

local was = entry or { stamp = 0, claims = '', calls = '', before = '', fired = true }
local before = ''
if theirs then
  slot = theirs
elseif not was.fired then
  -- A changed plan never delays: what is due runs, and a new interval does not push a nearer slot away.
  -- Nor does a plan that comes back after another: it has its own slot again.
  before = int(was.slot) .. ' ' .. was.plan
  local ownSlot, ownPlan = string.match(was.before, '^(%d+) (.*)$')
  if was.slot <= now or every > 0 then slot = math.min(slot, was.slot) end
  if ownPlan == plan then slot = math.min(slot, tonumber(ownSlot)) end
end

local stamp = math.max(now, was.stamp + 1)
-- Nothing is stored: perhaps Redis was emptied, and others still know what was due.
if not entry then before = table.concat({ 'born', int(stamp), int(slot), '0 0 0' }, ' ') end
entry = {
  stamp = stamp, plan = plan, slot = slot, before = before, claims = was.claims,
  calls = rememberCall(was.calls, caller, sequence),
}
writePlan(plans, due, name, entry)
setTrigger(trigger, slot)
ring(bell, 'armed', caller, int(entry.stamp), name)
return answer('armed', entry)
